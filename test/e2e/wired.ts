import { within } from "../event.ts";
import { Couriers } from "./couriers.ts";
import type { Home, Program, Sandbox, Served } from "./program.ts";
import { type Direction, Relay } from "./relay.ts";

export interface Wired {
  readonly sandbox: Sandbox;
  readonly served: Served;
  readonly relay: Relay;
  readonly ana: Home;
  readonly bob: Home;
}

export class WiredCouriers extends Couriers {
  async wired(act: (scene: Wired) => Promise<void>): Promise<void> {
    const { sandbox, served, ana, bob } = this;
    await using relay = await Relay.open(served.port);
    const env = { CHAT_SERVER: relay.address };
    await act({ sandbox, served, relay, ana: ana.with(env), bob: bob.with(env) });
  }
}

export async function halted(
  relay: Relay,
  way: Direction,
  bytes: number,
  start: () => Program,
): Promise<Program> {
  const reached = relay.stallAfter(way, bytes);
  const program = start();
  await within(`${bytes} bytes ${way}`, reached);
  return program;
}
