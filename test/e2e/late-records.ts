import type { UserId } from "../../src/base/ids.ts";
import { openStopped } from "./stopped-folder.ts";

const NEVER_UNIX_MS = 2 ** 53 - 1;

export interface Concerned {
  readonly by: string;
  readonly muted: string;
  readonly banned: string;
}

/**
 * Writes records with a time that no date can represent: a mute, a ban and an invite. Version 0.1.0
 * accepted them from any member and then crashed at each start. The server must be stopped, because
 * it checks times before it appends a record.
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
