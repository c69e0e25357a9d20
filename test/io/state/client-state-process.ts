/** Concurrent user of a shared home: `bun client-state-process.ts FOLDER ROUNDS START_MS`. */
import { Identity } from "../../../src/crypto/identity.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { SealedStateStore } from "../../../src/io/state/sealed-store.ts";

const HOMES = 20;
const OWNER = { fingerprint: "fp", formers: [], account: "ana", device: "d" };

const [folder = "", rounds = "0", startsAt = "0"] = process.argv.slice(2);
const generate = () => Identity.generate().toPem();
// In step with the other processes, so that each home is first opened by all of them.
for (let i = 0; i < HOMES; i++) {
  while (Date.now() < Number(startsAt) + i * 10);
  ClientState.open(`${folder}-${i}`).close();
  new SealedStateStore(`${folder}-${i}`, OWNER, systemClock()).close();
}
const state = ClientState.open(folder);
const device = state.deviceKey(generate);
const account = state.accountKey("fp", "ana", generate);
for (let seq = 1; seq <= Number(rounds); seq++) {
  state.advanceCursor("fp", "ana", seq);
  state.changePreference("screen", (stored) => `${Number(stored ?? 0) + 1}`);
}
state.close();
process.stdout.write(JSON.stringify({ device, account }));
