import { join } from "node:path";
import type { UserId } from "../../src/base/ids.ts";
import { checkName } from "../../src/base/names.ts";
import { Registry } from "../../src/core/rooms/accounts.ts";
import { LOBBY, Rooms } from "../../src/core/rooms/rooms.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { systemClock } from "../../src/io/clock.ts";
import { systemDisk } from "../../src/io/disk/system-disk.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { openLog } from "../../src/io/log/log-file.ts";

/** Whole, exact, and beyond what any date can hold. */
const NEVER_UNIX_MS = 2 ** 53 - 1;

export interface Concerned {
  readonly by: string;
  readonly muted: string;
  readonly banned: string;
}

/**
 * What 0.1.0 took from any member and then died of, at each start: a mute, a ban and an invite with
 * a moment that no date can hold. Written into the folder of a server that is stopped, as that
 * version wrote them: the checks of moments are not in the log, but before it.
 */
export async function writeLateRecords(data: string, { by, muted, banned }: Concerned) {
  const common = { disk: systemDisk(), clock: systemClock(), entropy: systemEntropy(), sha256 };
  const registry = new Registry();
  const accounts = await openLog({
    ...common,
    folder: join(data, "accounts"),
    onRecord: (record) => registry.apply(record),
  });
  const rooms = new Rooms();
  const history = await openLog({
    ...common,
    folder: join(data, "history"),
    onRecord: (record) => rooms.apply(record),
  });
  const idOf = (name: string): UserId => {
    const account = registry.find(checkName(name));
    if (account === undefined) throw new Error(`there is no ${name} in ${data}`);
    return account.id;
  };
  const lobby = rooms.find(LOBBY);
  if (lobby === undefined) throw new Error(`there is no lobby in ${data}`);
  const [author, user] = [idOf(by), idOf(muted)];
  const mute = { user, name: muted, on: true, until: NEVER_UNIX_MS };
  await history.append({ kind: "mute", room: lobby.id, by: author, id: "", body: mute });
  const ban = { on: true, until: NEVER_UNIX_MS, reason: "for ever" };
  await accounts.append({ kind: "ban", room: idOf(banned), by: author, id: "", body: ban });
  const invite = { hash: "A".repeat(43), expires: NEVER_UNIX_MS };
  const id = "iAAAAAAAAAAA" as UserId;
  await accounts.append({ kind: "invite", room: id, by: author, id: "", body: invite });
  await history.close();
  await accounts.close();
}
