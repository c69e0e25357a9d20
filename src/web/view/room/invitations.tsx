/** Open invitations to rooms: in the list of rooms, in Activity, and in a banner on a phone. */

import { roomAt } from "../../../core/client/room-names.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { targetText } from "../../../ui/text/target-text.ts";
import type { Invitation } from "../../driver/page-client.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { useModelValue, useNarrow, usePage, useTask } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";
import { Avatar, useNames } from "./person.tsx";

/** Omits rooms that the user has joined meanwhile. */
export function useInvitations(): readonly Invitation[] {
  const { chat } = usePage();
  const invitations = useModelValue(() => chat.invitations);
  const rooms = useModelValue((model) => model.rooms);
  return invitations.filter(({ room }) => roomAt(rooms.values(), room) === undefined);
}

interface InvitationProps {
  readonly invitation: Invitation;
}

function InvitationText({
  invitation: { room, by, isSealed },
  isAnnounced,
}: InvitationProps & { readonly isAnnounced: boolean }) {
  const { texts } = usePage();
  const names = useNames();
  const inviter = by === undefined ? "" : personText(names, by);
  const text = (isSealed ? texts.invitedInto : texts.invitedTo)(inviter, targetText(room));
  return isAnnounced ? (
    <Announced kind="notice" as="span" dir="auto">
      {text}
    </Announced>
  ) : (
    <span className="invitation-text" dir="auto">
      {text}
    </span>
  );
}

interface ButtonsProps extends InvitationProps {
  readonly onJoined?: ((target: string) => void) | undefined;
}

function InvitationButtons({ invitation, onJoined }: ButtonsProps) {
  const { chat, texts, fail } = usePage();
  const task = useTask();
  const { room } = invitation;
  const dismiss = () => chat.dismissInvitation(invitation);
  const join = () =>
    task.run(async () => {
      try {
        const target = await chat.actions.join(room);
        dismiss();
        onJoined?.(target);
      } catch (error) {
        fail(error);
      }
    });
  return (
    <>
      <Button
        variant={onJoined === undefined ? undefined : "main"}
        aria-label={texts.joinRoom(targetText(room))}
        disabled={task.isBusy}
        onClick={join}
      >
        {texts.join}
      </Button>
      <IconButton icon="close" label={texts.dismiss} onPress={dismiss} />
    </>
  );
}

/** Section of the list of rooms, and of Activity. */
export function InvitationList({ onOpen }: { readonly onOpen: (target: string) => void }) {
  const { texts } = usePage();
  const names = useNames();
  const invitations = useInvitations();
  if (invitations.length === 0) return null;
  return (
    <section className="room-section" aria-label={texts.invitations}>
      <h2>{texts.invitations}</h2>
      <ul>
        {invitations.map((invitation) => {
          const { room, by = room } = invitation;
          return (
            <li key={room} className="invitation">
              <Avatar name={personText(names, by)} user={by} tint={tintOf(by)} />
              <InvitationText invitation={invitation} isAnnounced={false} />
              <InvitationButtons invitation={invitation} onJoined={onOpen} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** On a wide window, the list is always visible. */
export function InvitationBanners() {
  const isNarrow = useNarrow();
  return useInvitations().map((invitation) =>
    isNarrow ? (
      <div key={invitation.room} className="banner banner-info banner-invitation">
        <InvitationText invitation={invitation} isAnnounced />
        <InvitationButtons invitation={invitation} />
      </div>
    ) : (
      <div key={invitation.room} className="sr-only">
        <InvitationText invitation={invitation} isAnnounced />
      </div>
    ),
  );
}
