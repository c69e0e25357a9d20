/** The page that `chat share` serves. */

import { useEffect, useSyncExternalStore } from "react";
import { RENAMED_LISTED_MAX } from "../../base/limits.ts";
import { SAVED_BLOB_BYTES_MAX } from "../../base/limits-page.ts";
import { formatSize } from "../../base/sizes.ts";
import { cleanText, quoteText } from "../../base/text.ts";
import type { FileBody } from "../../core/rooms/files.ts";
import type { ENGLISH, Texts } from "../../ui/messages/en/page.ts";
import { faultText } from "../../ui/text/fault-text.ts";
import type { Platform } from "../browser/environment.ts";
import {
  type FolderPage,
  type SavedNames,
  Share,
  type SharedFile,
  type ShareState,
} from "../driver/share.ts";
import { Announced, AnnouncerProvider } from "./shell/announced.tsx";
import { Button } from "./shell/button.tsx";
import { Icon } from "./shell/icons.tsx";
import "./shell/room-icons.ts";

type ShareTexts = Texts & Readonly<typeof ENGLISH>;

interface ShareProps {
  readonly share: Share;
  readonly texts: ShareTexts;
}

export interface ShareOptions {
  readonly platform: Platform;
  readonly page: FolderPage;
}

export async function openShare({ platform, page }: ShareOptions, texts: Texts) {
  const share = await Share.open(platform, page);
  return (
    <AnnouncerProvider>
      <ShareView share={share} texts={texts} />
    </AnnouncerProvider>
  );
}

function ShareView({ share, texts }: ShareProps) {
  const state = useSyncExternalStore(share.subscribe, () => share.state);
  useEffect(() => {
    document.documentElement.lang = texts.lang;
    document.title = texts.shareTitle;
  }, [texts]);
  return (
    <main className="entering">
      <div className="card share">
        <h1>{texts.shareTitle}</h1>
        <div className="enter-sheet">
          {state.kind === "open" ? (
            <SharedFiles share={share} texts={texts} state={state} />
          ) : (
            <ShareMessage share={share} texts={texts} state={state} />
          )}
        </div>
      </div>
    </main>
  );
}

interface ShareMessageProps extends ShareProps {
  readonly state: Exclude<ShareState, { kind: "open" }>;
}

function ShareMessage({ share, texts, state }: ShareMessageProps) {
  switch (state.kind) {
    case "entering":
      return (
        <Announced kind="result" isInitiallyKnown>
          {texts.connecting}
        </Announced>
      );
    case "wrong":
      return <Announced kind="fault">{texts.shareLinkIncomplete}</Announced>;
    case "over":
      return (
        <>
          <Announced kind="fault">{texts.shareEnded}</Announced>
          <Button onClick={() => share.reconnectNow()}>{texts.tryNow}</Button>
        </>
      );
    default:
      return (
        <Announced kind="fault" className="fault-line">
          {faultText(state.fault, texts)}
        </Announced>
      );
  }
}

interface SharedFilesProps extends ShareProps {
  readonly state: Extract<ShareState, { kind: "open" }>;
}

function SharedFiles({ share, texts, state }: SharedFilesProps) {
  const { files, count, isSaving } = state;
  const sizeBytes = files.reduce((sum, { body }) => sum + body.size, 0);
  const isPreparing = files.length < (count ?? 1);
  const done = files.filter(({ transfer }) => transfer?.state.kind === "done").length;
  const isSaved = !isPreparing && done === files.length;
  const label = done > 0 ? texts.shareRemaining : texts.shareSave(files.length);
  return (
    <>
      <Announced kind="result">
        {isPreparing
          ? texts.shareProgress(files.length, count ?? files.length)
          : texts.shareAll(files.length, formatSize(sizeBytes))}
      </Announced>
      <ul className="plain-list share-list">
        {files.map((file) => (
          <SharedFileRow key={file.body.file} file={file} texts={texts} />
        ))}
      </ul>
      {files.some(({ body }) => isHeldInMemory(body)) ? (
        <p className="hint">{texts.shareLarge(formatSize(SAVED_BLOB_BYTES_MAX))}</p>
      ) : null}
      {isSaved ? (
        <Announced kind="result" className="share-saved">
          {texts.shareSaved}
        </Announced>
      ) : (
        <Button
          variant="main wide"
          disabled={isPreparing || isSaving}
          onClick={() => void share.saveAll()}
        >
          {isSaving ? texts.shareSaving : label}
        </Button>
      )}
    </>
  );
}

/** Without a save dialog, the page holds a file until it is complete, which may be too large. */
function isHeldInMemory({ size }: FileBody): boolean {
  return size > SAVED_BLOB_BYTES_MAX && !("showSaveFilePicker" in window);
}

function SharedFileRow({ file, texts }: { readonly file: SharedFile; readonly texts: ShareTexts }) {
  const { body, transfer, saved } = file;
  const { name, size, folder } = body;
  const state = transfer?.state;
  const isRunning = state?.kind === "running";
  const notes = [formatSize(size), folder === undefined ? undefined : texts.shareZip];
  return (
    <li className="share-file">
      <Icon name={folder === undefined ? "file" : "folder"} />
      <div className="file-about">
        <span className="file-name" dir="auto">
          {cleanText(name)}
        </span>
        <span className="file-note">
          {notes.filter((note) => note !== undefined).join(" · ")}
          {state?.kind === "done" ? ` · ${texts.done}` : ""}
        </span>
        {state?.kind === "done" && saved !== undefined ? (
          <SavedNamesList saved={saved} texts={texts} />
        ) : null}
        {isRunning ? (
          <progress
            aria-label={texts.progress}
            max={Math.max(1, size)}
            value={transfer?.progress?.doneBytes ?? 0}
          />
        ) : null}
        {state?.kind === "failed" ? (
          <Announced kind="fault" as="span" className="fault-line">
            {faultText(state.fault, texts)}
          </Announced>
        ) : null}
      </div>
    </li>
  );
}

function SavedNamesList({
  saved,
  texts,
}: {
  readonly saved: SavedNames;
  readonly texts: ShareTexts;
}) {
  const { name, renamed } = saved;
  const lines = [
    ...(name === undefined ? [] : [texts.shareSavedAs(cleanText(name))]),
    ...renamed
      .slice(0, RENAMED_LISTED_MAX)
      .map(({ from, to }) => texts.shareRenamed(quoteText(from), quoteText(to))),
  ];
  const moreCount = renamed.length - RENAMED_LISTED_MAX;
  if (moreCount > 0) lines.push(texts.shareMoreRenamed(moreCount));
  return lines.map((line) => (
    <span key={line} className="file-note" dir="auto">
      {line}
    </span>
  ));
}
