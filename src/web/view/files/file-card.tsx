import { memo, useState } from "react";
import { SAVED_BLOB_BYTES_MAX } from "../../../base/limits-page.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { Model, ShownFile, TransferView } from "../../../core/model/state.ts";
import type { FileBody } from "../../../core/rooms/files.ts";
import { mediaOf } from "../../browser/media.ts";
import type { Texts } from "../../text/en.ts";
import { FaultLine, useFact, usePage, useTexts, useWork } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { Icon } from "../shell/icons.tsx";
import { STAYS, TransferLine, Viewer } from "../shell/lazy.tsx";
import { MenuButton } from "../shell/menu.tsx";
import { PREVIEW_BYTES_MAX } from "../shell/previews.ts";

function fileType(name: string, texts: Texts): string {
  const media = mediaOf(name);
  switch (media?.kind) {
    case "image":
      return texts.typeImage(media.name);
    case "sound":
      return `${texts.typeSound} (${media.name})`;
    case "video":
      return `${texts.typeVideo} (${media.name})`;
    case "text":
      return `${texts.typeText} (${media.name})`;
    default: {
      const extension = /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1];
      return extension === undefined ? texts.typeOther : `${texts.typeOther} ${extension}`;
    }
  }
}

function Picture({ file }: { readonly file: FileBody }) {
  const { previews, texts } = usePage();
  const work = useWork();
  const [url, setUrl] = useState(previews.get(file.file));
  const [isNone, setNone] = useState(false);
  const name = cleanText(file.name);
  const load = async () => {
    const loaded = await previews.load(file.file);
    setUrl(loaded);
    setNone(loaded === undefined);
  };
  if (url !== undefined) {
    return (
      <div className="file-below">
        <img className="picture" src={url} alt={texts.picture(name)} />
      </div>
    );
  }
  if (isNone) return <p className="file-below file-note">{texts.noPicture}</p>;
  return (
    <>
      <button
        type="button"
        className="button button-small button-quiet"
        disabled={work.isBusy}
        onClick={() => work.run(load)}
      >
        {texts.preview}
      </button>
      <FaultLine fault={work.fault} />
    </>
  );
}

/** The one under way; what is finished stands among all transfers. */
function downloadOf({ transfers }: Model, file: string): TransferView | undefined {
  for (const transfer of transfers.values()) {
    const isIt = transfer.file === file && transfer.kind === "download";
    if (isIt && transfer.state.kind !== "done") return transfer;
  }
  return undefined;
}

interface WaysProps {
  readonly file: FileBody;
  readonly name: string;
}

function useSaveByBrowser({ file, name }: WaysProps): () => void {
  const { chat, fail } = usePage();
  const save = async () => {
    const link = document.createElement("a");
    link.href = await chat.downloadPath(file.file);
    link.download = name;
    link.click();
  };
  return () => void save().catch(fail);
}

/**
 * Whether the page fetches it and checks all. A folder cannot be unpacked here: the browser saves
 * an archive; and where no place can be chosen, the page would hold all of it in memory.
 */
function isSavedHere({ folder, size }: FileBody): boolean {
  const canChoose = "showSaveFilePicker" in window;
  return folder === undefined && (canChoose || size <= SAVED_BLOB_BYTES_MAX);
}

/** What the server has of it is of no use, and the browser's own download would save that. */
function mustBeOpenedElsewhere(file: ShownFile): boolean {
  return file.isSealed === true && !isSavedHere(file);
}

function SaveButton({ file, name }: WaysProps) {
  const { texts, chat } = usePage();
  const saveByBrowser = useSaveByBrowser({ file, name });
  const save = () => chat.download(file.file, file.name);
  return (
    <button
      type="button"
      className="button button-small"
      aria-label={texts.saveFile(name)}
      onClick={isSavedHere(file) ? save : saveByBrowser}
    >
      {texts.save}
    </button>
  );
}

/** At the end of the menu: what few users need. */
function MoreWays({ file, name }: WaysProps) {
  const { texts } = usePage();
  const saveByBrowser = useSaveByBrowser({ file, name });
  if (file.folder !== undefined) return null;
  return (
    <MenuButton
      className="file-more"
      label={texts.actionsFor(name)}
      items={() => [{ label: texts.saveByBrowser, icon: "down", onChoose: saveByBrowser }]}
    />
  );
}

export interface FileCardProps {
  readonly file: ShownFile;
  readonly from: string;
}

/** A file that a user sent: nothing of it is fetched before the reader asks. */
export const FileCard = memo(function FileCard({ file, from }: FileCardProps) {
  const page = usePage();
  const { texts, show } = page;
  const transfer = useFact((model) => downloadOf(model, file.file));
  const name = cleanText(file.name);
  const { folder } = file;
  const media = folder === undefined ? mediaOf(file.name) : undefined;
  const type = folder === undefined ? fileType(file.name, texts) : texts.folderOf(folder.entries);
  const isShown = media !== undefined && file.size <= PREVIEW_BYTES_MAX;
  const isPicture = media?.kind === "image";
  const open = () =>
    confirm(page, {
      title: texts.openAsk(name),
      text: texts.openExplained(type, formatSize(file.size), cleanText(from)),
      action: texts.open,
      onConfirm: () => show((close) => <Viewer file={file} onClose={close} />),
    });
  return (
    <section className="file-card" aria-label={`${texts.file} ${name}`}>
      <Icon name={isPicture ? "picture" : folder === undefined ? "file" : "folder"} />
      <div className="file-about">
        <span className="file-name" dir="auto">
          {name}
        </span>
        <span className="file-note">
          {type} · {formatSize(file.size)}
        </span>
      </div>
      {mustBeOpenedElsewhere(file) ? (
        <p className="file-below file-note">
          {folder === undefined ? texts.fileSealedLarge : texts.fileSealedFolder}
        </p>
      ) : (
        <div className="file-actions">
          <SaveButton file={file} name={name} />
          {isShown ? (
            <button type="button" className="button button-small button-quiet" onClick={open}>
              {texts.open}
            </button>
          ) : null}
          {isShown && isPicture ? <Picture file={file} /> : null}
          {file.isSealed === true ? null : <MoreWays file={file} name={name} />}
        </div>
      )}
      {transfer === undefined ? null : <TransferLine transfer={transfer} isBrief onClose={STAYS} />}
    </section>
  );
});

export function OfferedLine({ from, name }: { readonly from: string; readonly name: string }) {
  const texts = useTexts();
  return (
    <p className="offered" dir="auto">
      {texts.beingSent(cleanText(from), cleanText(name))}
    </p>
  );
}
