/** Files attached to the composer of a room or a thread. */

import { useMemo, useRef, useSyncExternalStore } from "react";
import { PAGE_UPLOADS_MAX } from "../../../base/limits-page.ts";
import { cleanText } from "../../../base/text.ts";
import { draftKey } from "../../../core/model/selectors.ts";
import { useDropping } from "../files/drop-zone.tsx";
import { useAnnounce } from "../shell/announced.tsx";
import { isTouch, usePage } from "../shell/context.tsx";
import type { AttachedFiles } from "./composer.tsx";

/** Maximum number of attached files that are announced by name. */
const NAMED_FILES_MAX = 3;

interface Attaching {
  readonly attached: AttachedFiles;
  readonly isDragging: boolean;
}

/**
 * Files of the composer of a room or, with `root`, of a thread, which may be dropped there.
 * @param mayAdd false while nothing can be posted
 */
export function useAttached(
  target: string,
  root: number | undefined,
  mayAdd: boolean,
  focus: () => void,
): Attaching {
  const { chat, texts, times, fail, notify } = usePage();
  const key = draftKey(target, root);
  const announce = useAnnounce();
  const files = useSyncExternalStore(chat.store.subscribe, () => chat.attached.filesFor(key));
  const chosen = useSyncExternalStore(chat.store.subscribe, () => chat.attached.isSmallerFor(key));
  const isSmaller = chosen ?? isTouch();
  const latestFocus = useRef(focus);
  latestFocus.current = focus;
  const attached = useMemo(
    (): AttachedFiles => ({
      files,
      isSmaller,
      chooseSize: (chosenSmaller) => chat.chooseSize(key, chosenSmaller),
      add: (more, isComplete = true) => {
        if (!isComplete || files.length + more.length > PAGE_UPLOADS_MAX)
          fail(texts.notAllAttached(PAGE_UPLOADS_MAX));
        else if (more.length === 0) fail(texts.noFilesInFolder);
        chat.attached.add(key, more);
        const names = more.slice(0, NAMED_FILES_MAX).map(({ file }) => cleanText(file.name));
        const others = more.length - names.length;
        if (others > 0) names.push(texts.others(others));
        if (names.length > 0) announce("result", texts.fileAttached(times.list(names)));
        latestFocus.current();
      },
      remove: (attachment) => {
        chat.attached.remove(key, [attachment]);
        announce("result", texts.fileDetached(cleanText(attachment.file.name)));
        latestFocus.current();
      },
      send: (message) => {
        const isAccepted = chat.upload(target, files, { ...message, isSmaller });
        if (!isAccepted) return false;
        chat.attached.remove(key, files);
        chat.actions.openBox(target);
        return true;
      },
    }),
    [chat, texts, times, fail, announce, target, key, files, isSmaller],
  );
  const isDragging = useDropping(root !== undefined, ({ attachments, isComplete, isFolder }) => {
    if (!mayAdd) return;
    attached.add(attachments, isComplete);
    if (isFolder && attachments.length > 0) notify(texts.folderNotAttached);
  });
  return { attached, isDragging };
}
