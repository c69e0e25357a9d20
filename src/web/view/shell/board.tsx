import { useState } from "react";
import { isDiskFull } from "../../../base/disk-space.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { useFact } from "./context.tsx";
import { IconButton } from "./icons.tsx";
import { usePartPage } from "./part-page.ts";

/** What an operator tells all users, until they have seen it. */
function Announcement() {
  const { texts } = usePartPage();
  const { announcement } = useFact((model) => model.board);
  const [seen, setSeen] = useState<unknown>(undefined);
  if (announcement === undefined || announcement.time === seen) return null;
  const { text, by, time } = announcement;
  return (
    <div className="banner banner-info" role="status">
      <span dir="auto">
        {cleanText(by)}: {cleanText(text)}
      </span>
      <IconButton icon="close" label={texts.dismiss} onPress={() => setSeen(time)} />
    </div>
  );
}

/** What the server has all users, or its operators, know. */
export function Board() {
  const { texts } = usePartPage();
  const { diskLow } = useFact((model) => model.board);
  const words = diskLow !== undefined && isDiskFull(diskLow) ? texts.diskFull : texts.diskLow;
  return (
    <>
      <Announcement />
      {diskLow === undefined ? null : (
        <div className="banner banner-warning" role="alert">
          <span>{words(formatSize(diskLow.freeBytes), formatSize(diskLow.keepFreeBytes))}</span>
        </div>
      )}
    </>
  );
}
