import { people } from "./couriers.ts";
import { before } from "./deadline.ts";
import { type Home, type Program, Sandbox, type Served } from "./program.ts";
import { Relay, type Way } from "./relay.ts";

/** Two users whose way to the server the test holds. */
export interface Wired {
  readonly sandbox: Sandbox;
  readonly served: Served;
  readonly relay: Relay;
  readonly ana: Home;
  readonly bob: Home;
}

/** @param args of the server */
export async function wired(act: (scene: Wired) => Promise<void>, args: readonly string[] = []) {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args });
  const { ana, bob } = await people(sandbox);
  await using relay = await Relay.open(served.port);
  const env = { CHAT_SERVER: relay.address };
  await act({ sandbox, served, relay, ana: ana.with(env), bob: bob.with(env) });
}

/** The program's way has carried so many bytes, and everything stands still. */
export async function halted(
  relay: Relay,
  way: Way,
  bytes: number,
  start: () => Program,
): Promise<Program> {
  const reached = relay.stallAfter(way, bytes);
  const program = start();
  await before(60_000, `${bytes} bytes ${way}`, reached);
  return program;
}
