"""MIME: parts become chunks of bytes (RFC 5322, RFC 2045 to 2049, RFC 2231).

This room writes the few structures that mail has, straight to text and octets with CRLF. It knows headers,
bodies and boundaries; it knows no message, no address and no application, and it reads nothing but the
attachments it is handed.
"""
