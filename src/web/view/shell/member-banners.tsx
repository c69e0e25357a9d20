/** Banners for signed-in users: announcements, invitations and removals. */

import { useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { formatUtc } from "../../../base/time.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { targetText } from "../../../ui/text/target-text.ts";
import { InvitationBanners } from "../room/invitations.tsx";
import { useNames } from "../room/person.tsx";
import { RichText } from "../room/rich-text.tsx";
import { Announced } from "./announced.tsx";
import { useModelValue, usePage } from "./context.tsx";
import { IconButton } from "./icons.tsx";
import { readLocal, writeLocal } from "./local.ts";

const NO_MENTIONS: readonly string[] = [];
const DISMISSED_KEY = "chat.announcement";

function Announcement() {
  const { texts, times } = usePage();
  const { announcement } = useModelValue((model) => model.notices);
  const names = useNames();
  const [dismissedTime, setDismissedTime] = useState(() => readLocal(DISMISSED_KEY));
  if (announcement === undefined || announcement.time === dismissedTime) return null;
  const { text, by, time } = announcement;
  const dismiss = () => {
    writeLocal(DISMISSED_KEY, time);
    setDismissedTime(time);
  };
  return (
    <div className="banner banner-info">
      <Announced kind="notice" as="div" className="announced" dir="auto">
        {personText(names, by)}: <RichText text={text} mentions={NO_MENTIONS} />{" "}
        <time className="announced-at" dateTime={formatUtc(time)}>
          {times.full(time)}
        </time>
      </Announced>
      <IconButton icon="close" label={texts.dismiss} onPress={dismiss} />
    </div>
  );
}

function Removals() {
  const { texts, chat } = usePage();
  const removals = useModelValue(() => chat.removals);
  const names = useNames();
  return removals.map(({ room, target, by, reason }) => {
    const remover = by === undefined ? texts.server : personText(names, by);
    const text = texts.removedFromRoom(remover, targetText(target));
    return (
      <div key={room} className="banner banner-warning">
        <Announced kind="notice" as="span" dir="auto">
          {text} {reason === "" ? "" : texts.reasonGiven(cleanText(reason))}
        </Announced>
        <IconButton icon="close" label={texts.dismiss} onPress={() => chat.dismissRemovals(room)} />
      </div>
    );
  });
}

interface MemberBannersProps {
  readonly isAnnounced: boolean;
  readonly isInvited: boolean;
  readonly isRemoved: boolean;
}

export function MemberBanners({ isAnnounced, isInvited, isRemoved }: MemberBannersProps) {
  return (
    <>
      {isAnnounced ? <Announcement /> : null}
      {isInvited ? <InvitationBanners /> : null}
      {isRemoved ? <Removals /> : null}
    </>
  );
}
