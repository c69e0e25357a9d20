/**
 * Minimal multicast program that uses only UDP, without `chat`. Prints received datagrams as JSON
 * texts and sends each line of its input.
 *
 *     bun multicast-script-program.ts 224.1.1.1 5004
 */
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";

const [group = "224.1.1.1", port = "5004"] = process.argv.slice(2);
const receiver = createSocket({ type: "udp4", reuseAddr: true });
receiver.on("message", (data) => process.stdout.write(`${JSON.stringify(data.toString())}\n`));
receiver.bind(Number(port), () => {
  receiver.addMembership(group, "127.0.0.1");
  const sender = createSocket("udp4");
  sender.bind(0, () => {
    sender.setMulticastInterface("127.0.0.1");
    sender.setMulticastTTL(2);
    process.stdout.write("ready\n");
    createInterface(process.stdin).on("line", (line) => {
      const bytes = line.startsWith("!") ? Buffer.from(line.slice(1), "hex") : Buffer.from(line);
      sender.send(bytes, Number(port), group);
    });
  });
});
