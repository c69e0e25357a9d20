/** Round trips of a command, which a relay counts and limits. */

import { expect } from "bun:test";
import { connect, createServer, type Server } from "node:net";
import { within } from "../event.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer({ args: ["--open"] });

/** Longer than a client takes to send what does not depend on an answer. */
const LATENCY_MS = 200;

/**
 * Forwards a limited number of round trips per connection. One begins when the client sends after
 * the server has sent; the relay keeps what the client sends after the last one.
 */
class RoundTripRelay {
  readonly #server: Server;
  readonly #exceeded = Promise.withResolvers<void>();
  readonly exceeded = this.#exceeded.promise;

  private constructor(port: number, tripsMax: number) {
    this.#server = createServer({ noDelay: true }, (near) => {
      const far = connect(port, "127.0.0.1");
      let isAnswered = true;
      let trips = 0;
      near.on("data", (bytes) => {
        if (isAnswered) trips++;
        isAnswered = false;
        if (trips <= tripsMax) far.write(bytes);
        else this.#exceeded.resolve();
      });
      far.on("data", (bytes) => {
        AbortSignal.timeout(LATENCY_MS).addEventListener("abort", () => {
          isAnswered = true;
          near.write(bytes);
        });
      });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        one.on("error", () => {});
        one.on("close", () => other.destroy());
      }
    });
  }

  static async open(port: number, tripsMax: number): Promise<RoundTripRelay> {
    const relay = new RoundTripRelay(port, tripsMax);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get address(): string {
    const address = this.#server.address();
    return typeof address === "object" ? `127.0.0.1:${address?.port}` : "";
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}

/** TCP itself takes one round trip, and TLS is the first one that the relay counts. */
server.test("send takes four round trips to a known server, up to the answer", async (sandbox) => {
  const ana = sandbox.home("ana");
  const { port, address } = server.served;
  await ana.json(["send", "first", "--server", address, "--user", "ana"]);
  const sendOver = ({ address }: RoundTripRelay) =>
    ana.start(["send", "quick", "--server", address, "--user", "ana", "--json"]);
  using relay = await RoundTripRelay.open(port, 3);
  expect(await sendOver(relay).json("sent")).toMatchObject({ room: "lobby" });
  using shorter = await RoundTripRelay.open(port, 2);
  const stuck = sendOver(shorter);
  await within("a third round trip", shorter.exceeded);
  expect(stuck.jsonLines).toEqual([]);
});
