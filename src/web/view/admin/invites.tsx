/** Dashboard tab: invites, and the dialogs that create and show one. */

import { foldCase } from "../../../base/case-fold.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { usePartPage } from "../shell/full-page.ts";
import { AskButton } from "./confirm-button.tsx";
import { type Column, field, PagedTable, UserText, usePagedList } from "./table.tsx";

type Invite = Answer<"invites">["invites"][number];

function RevokeButton({ made, onDone }: { readonly made: Invite; readonly onDone: () => void }) {
  const { texts, chat } = usePartPage();
  const question = {
    title: texts.revoke,
    text: texts.revokeAsk,
    action: texts.revoke,
    isDanger: true,
    onConfirm: () => chat.request("invite-revoke", { invite: made.invite }).then(onDone),
  };
  return <AskButton question={question} />;
}

function placeOf({ room, post, read }: Invite): string {
  const where = room ?? post ?? read;
  return where === undefined ? "" : `#${cleanText(where)}`;
}

export function DashboardInvites() {
  const { texts, times, chat, openDialog } = usePartPage();
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
    field("by", texts.madeBy),
    {
      id: "uses",
      name: texts.usesHead,
      cell: ({ usesLeft }) => (usesLeft === undefined ? texts.usesAny : texts.usesLeft(usesLeft)),
      by: ({ usesLeft }) => usesLeft ?? Number.POSITIVE_INFINITY,
    },
    {
      id: "expires",
      name: texts.expiresHead,
      cell: ({ expires }) => (expires === undefined ? texts.expiresNever : times.full(expires)),
      by: ({ expires }) => expires ?? Number.POSITIVE_INFINITY,
    },
    {
      id: "room",
      name: texts.room,
      cell: (made) => <UserText text={placeOf(made)} />,
      by: (made) => foldCase(placeOf(made)),
    },
    {
      id: "more",
      name: texts.actions,
      cell: (made) => <RevokeButton made={made} onDone={list.again} />,
    },
  ];
  return (
    <PagedTable
      label={texts.dashboardInvites}
      columns={columns}
      list={list}
      keyOf={({ invite }) => invite}
      wordsOf={(made) => `${made.invite} ${made.by ?? ""} ${placeOf(made)}`}
      action={texts.inviteMake}
      onAction={() => openDialog("Invite")}
    />
  );
}
