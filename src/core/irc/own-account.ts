/** Notices of changes to the user's own account, as the server has recorded them. */

import { Fault } from "../../base/fault.ts";
import { formatUtc } from "../../base/time.ts";
import { accountsIn, parseNote } from "../../wire/checkpoint.ts";
import { type AccountChange, judgeOwnRecords } from "../client/own-account.ts";
import type { Asking, IrcTask } from "./command-run.ts";
import { NO_DEVICE_KEY } from "./server.ts";
import type { IrcSession } from "./session.ts";

/** Shows the changes since the last ones that an IRC client of the account has shown. */
export function* showAccountChanges(session: IrcSession): IrcTask {
  const { server, account } = session;
  if (account === undefined) return;
  session.ownN ??= server.ownRecords.ownShown(account.id);
  try {
    let hasMore = session.ownN !== account.lastN;
    while (hasMore) hasMore = yield* showPage(session, account.id);
    server.ownRecords.showOwn(account.id, session.ownN);
  } catch (error) {
    // The server signs no checkpoints, or is behind its cluster.
    if (!(error instanceof Fault)) throw error;
  }
}

/** @returns whether there are further changes */
function* showPage(session: IrcSession, account: string): Asking<boolean> {
  const { registry, sha256 } = session.server;
  const n = session.ownN ?? 0;
  const query = { from: 0, accounts: registry.head, own: n };
  const { note, own } = yield* session.ask("checkpoint", query);
  const pin = accountsIn(parseNote(note))?.checkpoint;
  const known = { n, size: 0 };
  const subject = { account, deviceKey: NO_DEVICE_KEY };
  const verdict = pin && own && judgeOwnRecords(subject, known, own, pin, sha256);
  if (verdict === undefined) return false;
  for (const change of verdict.changes) session.notice(textOf(change));
  session.ownN = verdict.n;
  return !verdict.isComplete;
}

function textOf({ what, atUnixMs, by }: AccountChange): string {
  const words = what.replaceAll("-", " ").replace("irc", "IRC");
  const change = `${words}${by === undefined ? "" : ` by ${by}`}`;
  const time = formatUtc(atUnixMs);
  return `your account: ${change} at ${time}; if you don't know why, ask an operator`;
}
