import { memo, useEffect, useState } from "react";
import { formatSize } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import type { FileBody } from "../../core/files.ts";
import type { Model, TransferView } from "../../core/model-state.ts";
import { mediaOf } from "../media.ts";
import type { Texts } from "../texts.ts";
import { confirm, Dialog } from "./dialog.tsx";
import { Icon } from "./icons.tsx";
import { FaultLine, useFact, usePage, useTexts, useWork } from "./page-context.tsx";
import { PREVIEW_BYTES_MAX } from "./previews.ts";
import { TransferLine } from "./transfers.tsx";

/** Text that is looked at in a dialog; a longer one is for an editor. */
const TEXT_SHOWN_MAX = 1024 * 1024;

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

type Opened =
  | { readonly kind: "image" | "sound" | "video"; readonly url: string }
  | { readonly kind: "text"; readonly text: string };

/** Shows one file inside the page: pictures, sound and film by the browser, text as text. */
function Viewer({ file, onClose }: { readonly file: FileBody; readonly onClose: () => void }) {
  const { chat, previews, texts } = usePage();
  const work = useWork();
  const [opened, setOpened] = useState<Opened | undefined>(undefined);
  const name = cleanText(file.name);
  const media = mediaOf(file.name);
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched once
  useEffect(() => {
    let made: string | undefined;
    let isGone = false;
    work.run(async () => {
      if (media?.kind === "image") {
        const url = await previews.load(file.file);
        if (url !== undefined) return setOpened({ kind: "image", url });
      }
      const bytes = await chat.preview(file.file, PREVIEW_BYTES_MAX);
      if (isGone) return;
      if (media?.kind === "sound" || media?.kind === "video") {
        made = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: media.mime }));
        return setOpened({ kind: media.kind, url: made });
      }
      const text = new TextDecoder().decode(bytes.subarray(0, TEXT_SHOWN_MAX));
      setOpened({ kind: "text", text: cleanText(text, { lines: true }) });
    });
    return () => {
      isGone = true;
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, []);
  return (
    <Dialog title={name} onClose={onClose} className="viewer">
      {opened?.kind === "image" ? <img src={opened.url} alt={texts.picture(name)} /> : null}
      {opened?.kind === "sound" ? (
        // biome-ignore lint/a11y/useMediaCaption: what somebody sends has none
        <audio controls src={opened.url} aria-label={name} />
      ) : null}
      {opened?.kind === "video" ? (
        // biome-ignore lint/a11y/useMediaCaption: what somebody sends has none
        <video controls src={opened.url} aria-label={name} />
      ) : null}
      {opened?.kind === "text" ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keys
        <pre dir="auto" tabIndex={0}>
          {opened.text}
        </pre>
      ) : null}
      {work.isBusy ? <p role="status">…</p> : null}
      <FaultLine fault={work.fault} />
    </Dialog>
  );
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
  if (url !== undefined) return <img className="picture" src={url} alt={texts.picture(name)} />;
  if (isNone) return <p className="file-note">{texts.noPicture}</p>;
  return (
    <>
      <button
        type="button"
        className="button button-small"
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

export interface FileCardProps {
  readonly file: FileBody;
  readonly from: string;
}

/** A file that somebody sent: nothing of it is fetched before somebody asks. */
export const FileCard = memo(function FileCard({ file, from }: FileCardProps) {
  const page = usePage();
  const { texts, chat, show, fail } = page;
  const transfer = useFact((model) => downloadOf(model, file.file));
  const name = cleanText(file.name);
  const { folder } = file;
  // A page cannot unpack one: the browser saves it as an archive.
  const isFolder = folder !== undefined;
  const media = isFolder ? undefined : mediaOf(file.name);
  const type = isFolder ? texts.folderOf(folder.entries) : fileType(name, texts);
  const isSmall = file.size <= PREVIEW_BYTES_MAX;
  const saveByBrowser = async () => {
    const link = document.createElement("a");
    link.href = await chat.downloadPath(file.file);
    link.download = name;
    link.click();
  };
  const open = () =>
    confirm(page, {
      title: texts.openAsk(name),
      text: texts.openExplained(type, formatSize(file.size), cleanText(from)),
      action: texts.open,
      onConfirm: () => show((close) => <Viewer file={file} onClose={close} />),
    });
  return (
    <section className="file-card" aria-label={`${texts.file} ${name}`}>
      <Icon name="file" />
      <div className="file-about">
        <span className="file-name" dir="auto">
          {name}
        </span>
        <span className="file-note">
          {type} · {formatSize(file.size)}
        </span>
      </div>
      <div className="file-actions">
        {isFolder ? null : (
          <button
            type="button"
            className="button button-small"
            aria-label={texts.saveFile(name)}
            onClick={() => chat.download(file.file, file.name)}
          >
            {texts.save}
          </button>
        )}
        <button
          type="button"
          className={isFolder ? "button button-small" : "button button-small button-quiet"}
          onClick={() => void saveByBrowser().catch(fail)}
        >
          {texts.saveByBrowser}
        </button>
        {media !== undefined && isSmall ? (
          <button type="button" className="button button-small button-quiet" onClick={open}>
            {texts.open}
          </button>
        ) : null}
      </div>
      {media?.kind === "image" && isSmall ? <Picture file={file} /> : null}
      {transfer === undefined ? null : <TransferLine transfer={transfer} isBrief />}
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
