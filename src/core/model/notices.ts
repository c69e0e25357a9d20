/** Notices of the server that change the model as they are. */

import type { NoticeKind, NoticeOf } from "../../wire/messages.ts";
import type { ModelDraft } from "./builder.ts";
import { setDisplayNames } from "./people.ts";
import { recount } from "./room.ts";
import type { NoticeTexts } from "./state.ts";

export const NOTICE_HANDLERS = {
  ignored: (draft, { users }) => {
    const { fields } = draft;
    const before = fields.ignored;
    fields.ignored = new Set(users.map((user) => user.toLowerCase()));
    for (const [id, { unread, mentions, last, read }] of [...draft.rooms]) {
      if (unread === 0 && mentions.length === 0 && read >= last) continue;
      const room = draft.room(id);
      const calls = fields.calls.flatMap((call) => (call.room === id ? [call.item] : []));
      if (room !== undefined) recount(room, calls, fields, before);
    }
  },
  "display-name": ({ fields }, { user, text }) =>
    setDisplayNames(fields, [[user, text || undefined]]),
  announced: (draft, { text, by, time }) =>
    note(draft, { announcement: text === "" ? undefined : { text, by, time } }),
  "server-rules": (draft, { kind: _, ...rules }) => {
    if (rules.direct === undefined) draft.fields.writeLimits = new Map();
    note(draft, { rules });
  },
  majority: (draft, { on, refusal }) => note(draft, { hasMajority: on, refusal }),
  "disk-low": (draft, { on, freeBytes, keepFreeBytes }) =>
    note(draft, { diskLow: on ? { freeBytes, keepFreeBytes } : undefined }),
} satisfies { readonly [Kind in NoticeKind]?: (draft: ModelDraft, notice: NoticeOf<Kind>) => void };

function note({ fields }: ModelDraft, texts: NoticeTexts): void {
  fields.notices = { ...fields.notices, ...texts };
}
