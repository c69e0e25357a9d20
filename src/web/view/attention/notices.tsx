/** Notices above the rooms: announcement, warnings to operators, and removals from rooms. */

import { type ReactNode, useState } from "react";
import { isDiskFull } from "../../../base/disk-space.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { formatUtc } from "../../../base/time.ts";
import { targetText } from "../../../ui/text/target-text.ts";
import { RichText } from "../room/rich-text.tsx";
import { useModelValue, usePage, useTexts } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";
import { readLocal, writeLocal } from "../shell/local.ts";

const NO_MENTIONS: readonly string[] = [];
const DISMISSED_KEY = "chat.announcement";

function Announcement() {
  const { texts, times } = usePage();
  const { announcement } = useModelValue((model) => model.notices);
  const [dismissedTime, setDismissedTime] = useState(() => readLocal(DISMISSED_KEY));
  if (announcement === undefined || announcement.time === dismissedTime) return null;
  const { text, by, time } = announcement;
  const dismiss = () => {
    writeLocal(DISMISSED_KEY, time);
    setDismissedTime(time);
  };
  return (
    <div className="banner banner-info" role="status">
      <div className="announced" dir="auto">
        {cleanText(by)}: <RichText text={text} mentions={NO_MENTIONS} />{" "}
        <time className="announced-at" dateTime={formatUtc(time)}>
          {times.full(time)}
        </time>
      </div>
      <IconButton icon="close" label={texts.dismiss} onPress={dismiss} />
    </div>
  );
}

export function Removals() {
  const { texts, chat } = usePage();
  const removals = useModelValue(() => chat.removals);
  return removals.map(({ room, target, by, reason }) => {
    const text = texts.removedFromRoom(cleanText(by ?? texts.server), targetText(target));
    return (
      <div key={room} className="banner banner-warning" role="alert">
        <span dir="auto">
          {text} {reason === "" ? "" : texts.reasonGiven(cleanText(reason))}
        </span>
        <IconButton icon="close" label={texts.dismiss} onPress={() => chat.dismissRemovals(room)} />
      </div>
    );
  });
}

interface BannerProps {
  readonly isWarning?: boolean;
  readonly children: ReactNode;
}

/** Banner that the user can dismiss until its cause ends and recurs. */
export function Banner({ isWarning = false, children }: BannerProps) {
  const texts = useTexts();
  const [isDismissed, setDismissed] = useState(false);
  if (isDismissed) return null;
  const [tone, role] = isWarning ? ["warning", "alert"] : ["info", "status"];
  return (
    <div className={`banner banner-${tone}`} role={role}>
      {children}
      <IconButton icon="close" label={texts.dismiss} onPress={() => setDismissed(true)} />
    </div>
  );
}

export function Notices() {
  const { texts } = usePage();
  const { diskLow, hasMajority } = useModelValue((model) => model.notices);
  const diskText = diskLow !== undefined && isDiskFull(diskLow) ? texts.diskFull : texts.diskLow;
  return (
    <>
      <Announcement />
      {hasMajority === false ? (
        <Banner isWarning>
          <span>{texts.noMajority}</span>
        </Banner>
      ) : null}
      {diskLow === undefined ? null : (
        <Banner key={String(isDiskFull(diskLow))} isWarning>
          <span>{diskText(formatSize(diskLow.freeBytes), formatSize(diskLow.keepFreeBytes))}</span>
        </Banner>
      )}
    </>
  );
}
