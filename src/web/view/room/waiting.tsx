/** Own messages whose files are not recorded yet: text, files with their progress, and commands. */

import { type CSSProperties, useEffect, useRef, useState } from "react";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { WaitingFileView, WaitingView } from "../../../core/model/state.ts";
import { isStuckView, waitingPercent } from "../../../core/model/waiting.ts";
import { ifPossible } from "../../../io/promises.ts";
import { faultText, refusalText } from "../../../ui/text/fault-text.ts";
import { waitingFileText } from "../../../ui/text/waiting-text.ts";
import { fileIcon } from "../../browser/media.ts";
import { type AttachedContent, folderModule } from "../../transfer/attachments.ts";
import type { Photos } from "../../transfer/photos.ts";
import { useObjectUrl } from "../files/attachments.tsx";
import { FileName } from "../files/file-name.tsx";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { useOnline, usePage } from "../shell/context.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";

/** Files that were chosen by the author, as a message lists them before it is recorded. */
export type SentFile = Pick<WaitingFileView, "name" | "size" | "isFolder">;

interface FilesProps {
  /** Key of the message. */
  readonly message: string;
  readonly files: readonly (SentFile | WaitingFileView)[];
  readonly actions?: WaitingView["actions"];
}

async function pictureOf(photos: Photos | undefined, file: File): Promise<File | undefined> {
  if (photos === undefined) return undefined;
  const { isPicture, header, isAnimated } = await photos.inspect(file);
  const smaller = header && !isAnimated ? await ifPossible(photos.smaller(file)) : undefined;
  return smaller ?? (isPicture ? file : undefined);
}

/** Address of a small picture; `undefined` if the browser does not draw the file. */
function usePictureUrl(content: AttachedContent | undefined): string | undefined {
  const { photos } = usePage().chat;
  const [picture, setPicture] = useState<File | undefined>(undefined);
  useEffect(() => {
    if (!(content instanceof File)) return;
    let isOpen = true;
    void pictureOf(photos, content).then((file) => {
      if (isOpen) setPicture(file);
    });
    return () => {
      isOpen = false;
    };
  }, [photos, content]);
  return useObjectUrl(picture);
}

function isWaitingFile(file: SentFile | WaitingFileView): file is WaitingFileView {
  return "id" in file;
}

/** Ring around a cross that removes the file; a tick when the server has the file. */
function Ring({ message, file }: { readonly message: string; readonly file: WaitingFileView }) {
  const { texts, chat } = usePage();
  const name = cleanText(file.name);
  const percent = waitingPercent(file) ?? 0;
  if (file.isComplete) {
    return (
      <span className="ring is-complete">
        <Icon name="check" />
      </span>
    );
  }
  const remove = () => chat.commandWaiting(message, { kind: "remove-file", file: file.id });
  return (
    <span className={file.fault === undefined ? "ring" : "ring is-failed"}>
      {file.fault === undefined ? (
        <progress className="sr-only" aria-label={texts.progress} max={100} value={percent} />
      ) : null}
      <span className="ring-part" style={{ "--part": percent / 100 } as CSSProperties} />
      <IconButton icon="close" label={texts.detach(name)} onPress={remove} />
    </span>
  );
}

function Tile({
  message,
  file,
  index,
  actions = [],
}: Omit<FilesProps, "files"> & {
  readonly file: SentFile | WaitingFileView;
  readonly index: number;
}) {
  const { texts, chat } = usePage();
  const content = chat.waitingContent(message, index);
  const url = usePictureUrl(content);
  const name = cleanText(file.name);
  const isOwn = actions.length > 0;
  const ring = isWaitingFile(file) && isOwn ? <Ring message={message} file={file} /> : null;
  const note = isWaitingFile(file)
    ? waitingFileText({ ...file, fault: undefined }, texts, faultText)
    : formatSize(file.size ?? 0);
  if (url !== undefined) {
    return (
      // biome-ignore lint/a11y/useSemanticElements: not a form
      <div className="picture-cell" role="group" aria-label={texts.transferOf(name)} title={name}>
        <div className="picture">
          <img src={url} alt={texts.picture(name)} decoding="async" />
        </div>
        {ring}
      </div>
    );
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="file-line is-card" role="group" aria-label={texts.transferOf(name)}>
      <span className="file-icon">
        <Icon name={file.isFolder ? "folder" : (fileIcon(file.name) ?? "file")} />
      </span>
      <div className="file-about">
        <span className="file-name" dir="auto" title={name}>
          <FileName name={name} />
        </span>
        <span className="file-note">{note}</span>
      </div>
      {ring}
    </div>
  );
}

export function SentFiles({ message, files, actions }: FilesProps) {
  return (
    <div className="sent-files" data-count={files.length}>
      {files.map((file, index) => (
        <Tile
          key={isWaitingFile(file) ? file.id : `${index} ${file.name}`}
          message={message}
          file={file}
          index={index}
          {...(actions && { actions })}
        />
      ))}
    </div>
  );
}

/** Chooses a file or folder again that has changed, or that this browser did not keep. */
function ChooseAgain({ message, file }: { message: string; file: WaitingFileView }) {
  const { texts, chat, fail } = usePage();
  const input = useRef<HTMLInputElement>(null);
  const label = file.isFolder ? texts.chooseFolderAgain : texts.chooseAgain;
  const choose = async (files: readonly File[]) => {
    const [first] = files;
    if (first === undefined) return;
    const content = file.isFolder ? await (await folderModule()).LocalFolder.ofFiles(files) : first;
    chat.chooseWaiting(message, file.id, content);
  };
  return (
    <>
      <Button
        variant="small"
        onClick={() => {
          if (input.current === null) return;
          input.current.webkitdirectory = file.isFolder;
          input.current.click();
        }}
      >
        {label}
      </Button>
      <input
        ref={input}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          choose(files).catch(fail);
        }}
      />
    </>
  );
}

function Reasons({ message }: { readonly message: WaitingView }) {
  const { texts, chat } = usePage();
  const failed = message.files.filter(({ fault }) => fault !== undefined);
  const remove = (file: number) => chat.commandWaiting(message.key, { kind: "remove-file", file });
  return (
    <>
      {message.fault === undefined ? null : (
        <Announced kind="fault" className="refused">
          {texts.refused}: {refusalText(message.fault, texts)}
        </Announced>
      )}
      {failed.map((file) => {
        const name = cleanText(file.name);
        const reason = file.fault === undefined ? "" : faultText(file.fault, texts);
        return (
          <div key={file.id} className="refused">
            <Announced kind="fault" as="span">
              {reason.includes(name) ? reason : `\u2068${name}\u2069: ${reason}`}
            </Announced>
            {file.fault?.code === "file-changed" ? (
              <ChooseAgain message={message.key} file={file} />
            ) : null}
            <Button variant="small quiet" onClick={() => remove(file.id)}>
              {texts.removeThisFile}
            </Button>
          </div>
        );
      })}
    </>
  );
}

export function WaitingState({ message }: { readonly message: WaitingView }) {
  const { texts, chat } = usePage();
  const isOnline = useOnline();
  const isStuck = isStuckView(message);
  const { key, actions } = message;
  if (actions.length === 0) return <p className="file-note">{texts.sentByOtherTab}</p>;
  const command = (kind: "retry" | "edit" | "discard") => chat.commandWaiting(key, { kind });
  return (
    <div className="waiting">
      {isStuck ? <Reasons message={message} /> : null}
      {isStuck || isOnline ? null : <p className="file-note">{texts.pendingOffline}…</p>}
      <div className="waiting-commands">
        {actions.includes("retry") ? (
          <Button variant="small" onClick={() => command("retry")}>
            {texts.resend}
          </Button>
        ) : null}
        <Button variant="small quiet" onClick={() => command("edit")}>
          {texts.edit}
        </Button>
        <Button variant="small quiet" onClick={() => command("discard")}>
          {texts.discard}
        </Button>
      </div>
    </div>
  );
}
