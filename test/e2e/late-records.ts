import type { UserId } from "../../src/base/ids.ts";
import { openStopped } from "./stopped-folder.ts";

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
  const folder = await openStopped(data);
  const { history, accounts, lobby, idOf } = folder;
  const [author, user] = [idOf(by), idOf(muted)];
  const mute = { user, name: muted, on: true, until: NEVER_UNIX_MS };
  await history.append({ kind: "mute", room: lobby.id, by: author, id: "", body: mute });
  const ban = { on: true, until: NEVER_UNIX_MS, reason: "for ever" };
  await accounts.append({ kind: "ban", room: idOf(banned), by: author, id: "", body: ban });
  const invite = { hash: "A".repeat(43), expires: NEVER_UNIX_MS };
  const id = "iAAAAAAAAAAA" as UserId;
  await accounts.append({ kind: "invite", room: id, by: author, id: "", body: invite });
  await folder.close();
}
