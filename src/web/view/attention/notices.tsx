/** The notice board: the server's announcement and notices to operators. */

import { useState } from "react";
import { isDiskFull } from "../../../base/disk-space.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { formatUtc } from "../../../base/time.ts";
import { RichText } from "../room/rich-text.tsx";
import { useFact } from "../shell/context.tsx";
import { usePartPage } from "../shell/full-page.ts";
import { IconButton } from "../shell/icons.tsx";
import { keepLocal, readLocal } from "../shell/local.ts";

/** Announcements contain no mentions. */
const NOBODY: readonly string[] = [];
/** Unix ms of the announcement that was dismissed last in this browser. */
const SEEN_KEY = "chat.announcement";

/** An operator's announcement to all users, until it is dismissed. */
function Announcement() {
  const { texts, times } = usePartPage();
  const { announcement } = useFact((model) => model.notices);
  const [seen, setSeen] = useState(() => readLocal(SEEN_KEY));
  if (announcement === undefined || announcement.time === seen) return null;
  const { text, by, time } = announcement;
  const putAway = () => {
    keepLocal(SEEN_KEY, time);
    setSeen(time);
  };
  return (
    <div className="banner banner-info" role="status">
      <div className="announced" dir="auto">
        {cleanText(by)}: <RichText text={text} mentions={NOBODY} />{" "}
        <time className="announced-at" dateTime={formatUtc(time)}>
          {times.full(time)}
        </time>
      </div>
      <IconButton icon="close" label={texts.dismiss} onPress={putAway} />
    </div>
  );
}

/** Notices of the server to all users, or to its operators. */
export function Board() {
  const { texts } = usePartPage();
  const { diskLow, hasMajority } = useFact((model) => model.notices);
  const words = diskLow !== undefined && isDiskFull(diskLow) ? texts.diskFull : texts.diskLow;
  return (
    <>
      <Announcement />
      {hasMajority === false ? (
        <div className="banner banner-warning" role="alert">
          <span>{texts.noMajority}</span>
        </div>
      ) : null}
      {diskLow === undefined ? null : (
        <div className="banner banner-warning" role="alert">
          <span>{words(formatSize(diskLow.freeBytes), formatSize(diskLow.keepFreeBytes))}</span>
        </div>
      )}
    </>
  );
}
