import { useCallback } from "react";
import { cleanText } from "../../base/text.ts";
import type { Answer } from "../../wire/messages.ts";
import { confirm } from "./dialog.tsx";
import { inviteDialog } from "./later.tsx";
import { Table } from "./office-clients.tsx";
import { FaultLine, usePage } from "./page-context.tsx";
import { usePolled } from "./polling.ts";

type Invite = Answer<"invites">["invites"][number];

function InviteRow({ made, onDone }: { readonly made: Invite; readonly onDone: () => void }) {
  const page = usePage();
  const { texts, times, chat } = page;
  const { invite, by, usesLeft, expires, room, post } = made;
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
  const where = room ?? post;
  return (
    <tr>
      <th scope="row">
        <code>{invite.slice(0, 8)}</code>
      </th>
      <td dir="auto">{by === undefined ? "" : texts.by(cleanText(by))}</td>
      <td>{usesLeft === undefined ? texts.usesAny : texts.usesLeft(usesLeft)}</td>
      <td>{expires === undefined ? texts.forever : texts.expires(times.full(expires))}</td>
      <td dir="auto">{where === undefined ? "" : `#${cleanText(where)}`}</td>
      <td>
        <button type="button" className="button button-small" onClick={revoke}>
          {texts.revoke}
        </button>
      </td>
    </tr>
  );
}

export function OfficeInvites() {
  const { texts, chat, show } = usePage();
  const ask = useCallback(() => chat.request("invites", {}), [chat]);
  const { value, fault, again } = usePolled(ask);
  const invites = value?.invites ?? [];
  const heads = [
    texts.invite,
    texts.name,
    texts.inviteUses,
    texts.forHowLong,
    texts.room,
    texts.more,
  ];
  return (
    <>
      <div className="office-bar">
        <button type="button" className="button" onClick={() => show(inviteDialog)}>
          {texts.inviteMake}
        </button>
      </div>
      <FaultLine fault={fault} />
      {invites.length === 0 ? (
        <p className="hint">{texts.officeNone}</p>
      ) : (
        <Table label={texts.officeInvites} heads={heads}>
          {invites.map((made) => (
            <InviteRow key={made.invite} made={made} onDone={again} />
          ))}
        </Table>
      )}
    </>
  );
}
