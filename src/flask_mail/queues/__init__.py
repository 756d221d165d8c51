"""What is sent later: queues take submissions now, and deliver them by and by."""
