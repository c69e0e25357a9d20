/** Concurrent user of a shared home: `bun client-state-process.ts FOLDER ROUNDS`. */
import { Identity } from "../../../src/crypto/identity.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";

const [folder = "", rounds = "0"] = process.argv.slice(2);
const generate = () => Identity.generate().toPem();
const state = ClientState.open(folder);
const device = state.deviceKey(generate);
const account = state.accountKey("fp", "ana", generate);
for (let seq = 1; seq <= Number(rounds); seq++) state.advanceCursor("fp", "ana", seq);
state.close();
process.stdout.write(JSON.stringify({ device, account }));
