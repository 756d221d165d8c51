// nodemailer.cjs PORT COUNT CONNECTIONS: messages per second with a pool, as JSON. NODE_PATH names its folder.
const nodemailer = require("nodemailer");
const [port, count, maxConnections] = process.argv.slice(2).map(Number);
const text = "Hello world, this is a line of a mail as people write them.\n".repeat(16);
const html = `<html><body><p>${text}</p></body></html>`;
const transport = nodemailer.createTransport({
  host: "127.0.0.1", port, ignoreTLS: true, pool: true, maxConnections, maxMessages: Infinity,
});

async function send(number) {
  const waiting = [];
  for (let n = 0; n < number; n++) {
    waiting.push(transport.sendMail({ from: "me@example.com", to: "to@example.com", subject: `Hello ${n}`, text, html }));
  }
  await Promise.all(waiting);
}

(async () => {
  await send(Math.max(1, Math.floor(count / 20)));
  const start = process.hrtime.bigint();
  await send(count);
  console.log(JSON.stringify({ rate: count / (Number(process.hrtime.bigint() - start) / 1e9) }));
  transport.close();
})();
