import { useEffect, useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { mediaOf } from "../../browser/media.ts";
import { FaultLine, useWork } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import type { ViewerProps } from "../shell/lazy.tsx";
import { usePartPage } from "../shell/part-page.ts";
import { PREVIEW_BYTES_MAX } from "../shell/previews.ts";

/** Text that is looked at in a dialog; a longer one is for an editor. */
const TEXT_SHOWN_MAX = 1024 * 1024;

type Opened =
  | { readonly kind: "image" | "sound" | "video"; readonly url: string }
  | { readonly kind: "text"; readonly text: string };

/** Shows one file inside the page: pictures, sound and film by the browser, text as text. */
export function Viewer({ file, onClose }: ViewerProps) {
  const { chat, previews, texts } = usePartPage();
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
      setOpened({ kind: "text", text: cleanText(text, { lines: true, tabs: true }) });
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
        // biome-ignore lint/a11y/useMediaCaption: files of users have none
        <audio controls src={opened.url} aria-label={name} />
      ) : null}
      {opened?.kind === "video" ? (
        // biome-ignore lint/a11y/useMediaCaption: files of users have none
        <video controls src={opened.url} aria-label={name} />
      ) : null}
      {opened?.kind === "text" && opened.text === "" ? (
        <p className="hint">{texts.emptyText}</p>
      ) : null}
      {opened?.kind === "text" && opened.text !== "" ? (
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
