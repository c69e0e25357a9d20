/** Dashboard tab: invites, and the dialogs that create and show one. */

import { foldCase } from "../../../base/case-fold.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { usePage } from "../shell/context.tsx";
import { ConfirmButton } from "../shell/dialog.tsx";
import { InviteDialog } from "../shell/invite-dialog.tsx";
import { type Column, field, PagedTable, UserText, usePagedList } from "./table.tsx";

type Invite = Answer<"invites">["invites"][number];

function RevokeButton({ entry, onDone }: { readonly entry: Invite; readonly onDone: () => void }) {
  const { texts, chat } = usePage();
  const question = {
    title: texts.revoke,
    text: texts.revokeAsk,
    action: texts.revoke,
    isDanger: true,
    onConfirm: () => chat.request("invite-revoke", { invite: entry.invite }).then(onDone),
  };
  return <ConfirmButton question={question} />;
}

function inviteRoom({ room, post, read }: Invite): string {
  const name = room ?? post ?? read;
  return name === undefined ? "" : `#${cleanText(name)}`;
}

export function DashboardInvites() {
  const { texts, times, chat, openDialog } = usePage();
  const list = usePagedList(async (after) => {
    const { invites, next } = await chat.request("invites", after);
    return { list: invites, next };
  });
  const columns: readonly Column<Invite>[] = [
    {
      id: "invite",
      name: texts.inviteHead,
      isHead: true,
      cell: ({ invite }) => <code>{invite.slice(0, 8)}</code>,
    },
    field("by", texts.createdBy),
    {
      id: "uses",
      name: texts.usesHead,
      cell: ({ usesLeft }) => (usesLeft === undefined ? texts.usesAny : texts.usesLeft(usesLeft)),
      sortKey: ({ usesLeft }) => usesLeft ?? Number.POSITIVE_INFINITY,
    },
    {
      id: "expires",
      name: texts.expiresHead,
      cell: ({ expires }) => (expires === undefined ? texts.expiresNever : times.full(expires)),
      sortKey: ({ expires }) => expires ?? Number.POSITIVE_INFINITY,
    },
    {
      id: "room",
      name: texts.room,
      cell: (entry) => <UserText text={inviteRoom(entry)} />,
      sortKey: (entry) => foldCase(inviteRoom(entry)),
    },
    {
      id: "more",
      name: texts.actions,
      cell: (entry) => <RevokeButton entry={entry} onDone={list.reload} />,
    },
  ];
  return (
    <PagedTable
      label={texts.dashboardInvites}
      none={texts.noInvitesHere}
      columns={columns}
      list={list}
      keyOf={({ invite }) => invite}
      filterText={(entry) => `${entry.invite} ${entry.by ?? ""} ${inviteRoom(entry)}`}
      action={texts.createInvite}
      onAction={() => openDialog(InviteDialog)}
    />
  );
}
