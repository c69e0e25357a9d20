import { useCallback } from "react";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { confirm } from "../shell/dialog.tsx";
import { inviteDialog } from "../shell/lazy.tsx";
import { usePartPage } from "../shell/part-page.ts";
import { PagedTable, usePagedList } from "./table.tsx";

type Invite = Answer<"invites">["invites"][number];

function InviteRow({ made, onDone }: { readonly made: Invite; readonly onDone: () => void }) {
  const page = usePartPage();
  const { texts, times, chat } = page;
  const { invite, by, usesLeft, expires, room, post, read } = made;
  const revoke = () =>
    confirm(page, {
      title: texts.revoke,
      text: texts.revokeAsk,
      action: texts.revoke,
      isDanger: true,
      onConfirm: async () => {
        await chat.request("invite-revoke", { invite });
        onDone();
      },
    });
  const where = room ?? post ?? read;
  return (
    <tr>
      <th scope="row">
        <code>{invite.slice(0, 8)}</code>
      </th>
      <td dir="auto">{cleanText(by ?? "")}</td>
      <td>{usesLeft === undefined ? texts.usesAny : texts.usesLeft(usesLeft)}</td>
      <td>{expires === undefined ? texts.expiresNever : times.full(expires)}</td>
      <td dir="auto">{where === undefined ? "" : `#${cleanText(where)}`}</td>
      <td>
        <button type="button" className="button button-small" onClick={revoke}>
          {texts.revoke}
        </button>
      </td>
    </tr>
  );
}

export function DashboardInvites() {
  const { texts, chat, show } = usePartPage();
  const ask = useCallback(
    async (after: { readonly after?: number }) => {
      const { invites, next } = await chat.request("invites", after);
      return { list: invites, next };
    },
    [chat],
  );
  const list = usePagedList(ask);
  const heads = [
    texts.inviteHead,
    texts.madeBy,
    texts.usesHead,
    texts.expiresHead,
    texts.room,
    texts.actions,
  ];
  return (
    <PagedTable
      label={texts.dashboardInvites}
      heads={heads}
      list={list}
      rowOf={(made) => <InviteRow key={made.invite} made={made} onDone={list.again} />}
      action={texts.inviteMake}
      onAction={() => show(inviteDialog)}
    />
  );
}
