/** `chat inbox`, which prints what the account has not read. */

import { flag } from "../cli/command.ts";
import { clientVerb } from "../cli/connect/client.ts";
import { printNotice } from "../cli/context.ts";
import { inboxJson, inboxLines, inboxText } from "../cli/output/inbox.ts";
import { renderJson } from "../cli/output/render.ts";
import { queryInbox } from "../client/link/queries.ts";
import { readInbox, withoutMuted } from "../core/client/inbox.ts";
import { sha256 } from "../crypto/sha256.ts";

/** The exit code if nothing is new, like that of a search without a result. */
const NOTHING_NEW = 4;

export const inbox = clientVerb({
  printsData: true,
  args: {
    count: flag("Print only the numbers of calls and unread messages, such as 3@ 230"),
    all: flag("Include muted rooms"),
  },
  details:
    "A mention, a reply to you, a reply in a thread you follow, a keyword, @everyone and a call " +
    "on your raised hand are for you. Nothing counts as read by this. The exit code is 4 if " +
    "nothing is new.",
  early: () => [["inbox", {}]],
  async run({ count, all }, context, { client, user }) {
    const whole = readInbox(await queryInbox(client.request), sha256, user);
    const listed = all ? whole : withoutMuted(whole);
    const { callCount, unread } = listed;
    const isEmpty = callCount === 0 && unread === 0;
    const { stdout } = context;
    if (context.json) {
      const lines = inboxJson(listed);
      stdout.write((count ? lines.slice(-1) : lines).map(renderJson).join(""));
    } else if (count) stdout.write(`${callCount}@ ${unread}\n`);
    else if (!stdout.isTerminal) stdout.write(inboxLines(listed));
    else if (!isEmpty) stdout.write(inboxText(listed, stdout.columns()));
    if (isEmpty && !count) printNotice(context, "Nothing new.");
    return isEmpty ? NOTHING_NEW : 0;
  },
});
