import { isDiskFull } from "../../../base/disk-space.ts";
import { formatSize } from "../../../base/sizes.ts";
import { useFact } from "./context.tsx";
import { usePartPage } from "./part-page.ts";

/** What the server has all users, or its operators, know. */
export function Board() {
  const { texts } = usePartPage();
  const { diskLow } = useFact((model) => model.board);
  if (diskLow === undefined) return null;
  const { freeBytes, keepFreeBytes } = diskLow;
  const words = isDiskFull(diskLow) ? texts.diskFull : texts.diskLow;
  return (
    <div className="banner banner-warning" role="alert">
      <span>{words(formatSize(freeBytes), formatSize(keepFreeBytes))}</span>
    </div>
  );
}
