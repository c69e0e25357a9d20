import { memo, useEffect, useRef } from "react";
import { formatLeft, formatRate, formatSize } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import type { TransferView } from "../../core/model-state.ts";
import type { ProgressReport, WaitsAt } from "../../core/progress.ts";
import type { Texts } from "../texts.ts";
import { IconButton } from "./icons.tsx";
import { faultText, useFact, usePage } from "./page-context.tsx";

function waitsText(where: WaitsAt, texts: Texts): string {
  const table: Readonly<Record<WaitsAt, string>> = {
    source: texts.waitsSource,
    network: texts.waitsNetwork,
    "server-disk": texts.waitsServerDisk,
    sender: texts.waitsSender,
    disk: texts.waitsDisk,
    server: texts.waitsServer,
  };
  return table[where];
}

function progressText(progress: ProgressReport, texts: Texts): string {
  const { doneBytes, sizeBytes, ratePerS, leftMs, waits } = progress;
  const done =
    sizeBytes === undefined
      ? formatSize(doneBytes)
      : `${formatSize(doneBytes)} / ${formatSize(sizeBytes)}`;
  if (waits !== undefined) {
    return `${done} · ${waitsText(waits.where, texts)}, ${formatLeft(waits.forMs)}`;
  }
  const rate = ratePerS > 0 ? ` · ${formatRate(ratePerS)}` : "";
  return `${done}${rate}${leftMs === undefined ? "" : ` · ${texts.left(formatLeft(leftMs))}`}`;
}

function stateText({ kind, state, progress }: TransferView, texts: Texts): string {
  switch (state.kind) {
    case "running":
      return progress === undefined ? "…" : progressText(progress, texts);
    case "paused":
      return texts.paused;
    case "needs-file":
      if (kind === "download") return texts.permitWriting;
      return state.again === "choose" ? texts.chooseAgain : texts.permitAgain;
    case "failed":
      return `${texts.failed}: ${faultText(state.fault, texts)}`;
    default:
      return texts.done;
  }
}

function Buttons({ transfer }: { readonly transfer: TransferView }) {
  const { texts, chat } = usePage();
  const input = useRef<HTMLInputElement>(null);
  const { id, state } = transfer;
  const resume = () => {
    if (state.kind === "needs-file" && state.again === "choose") input.current?.click();
    else chat.resumeTransfer(id);
  };
  const isOver = state.kind === "done";
  return (
    <div className="transfer-buttons">
      {state.kind === "running" ? (
        <IconButton icon="pause" label={texts.pause} onPress={() => chat.pauseTransfer(id)} />
      ) : null}
      {state.kind === "running" || isOver ? null : (
        <IconButton icon="play" label={texts.resume} onPress={resume} />
      )}
      <input
        ref={input}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-label={texts.chooseAgain}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          if (file !== undefined) chat.resumeTransfer(id, file);
        }}
      />
      {isOver ? (
        <IconButton icon="close" label={texts.dismiss} onPress={() => chat.dismissTransfer(id)} />
      ) : (
        <IconButton icon="close" label={texts.cancel} onPress={() => chat.cancelTransfer(id)} />
      )}
    </div>
  );
}

interface LineProps {
  readonly transfer: TransferView;
  /** Beside the file's own name. */
  readonly isBrief?: boolean;
}

export const TransferLine = memo(function TransferLine({ transfer, isBrief = false }: LineProps) {
  const { texts } = usePage();
  const { name, kind, to, state, progress } = transfer;
  const shown = cleanText(name);
  const where = kind === "upload" ? texts.sendingTo(to.join(", ")) : texts.receiving;
  const url = state.kind === "done" ? state.url : undefined;
  const size = progress?.sizeBytes;
  return (
    // biome-ignore lint/a11y/useSemanticElements: it is no part of a form
    <div className="transfer" role="group" aria-label={texts.transferOf(shown)}>
      <div className="transfer-about">
        {isBrief ? null : (
          <span className="file-name" dir="auto">
            {shown} <span className="file-note">{where}</span>
          </span>
        )}
        {state.kind === "done" ? null : (
          <progress
            aria-label={texts.progress}
            {...(size === undefined ? {} : { max: Math.max(1, size), value: progress?.doneBytes })}
          />
        )}
        <span className="file-note">{stateText(transfer, texts)}</span>
        {url === undefined ? null : (
          <a href={url} download={shown}>
            {texts.saveFile(shown)}
          </a>
        )}
      </div>
      <Buttons transfer={transfer} />
    </div>
  );
});

/** Long enough to be seen; the file itself stands among the messages then. */
const DONE_SHOWN_MS = 4_000;

function useTidy(transfers: ReadonlyMap<string, TransferView>): void {
  const { chat } = usePage();
  useEffect(() => {
    const done = [...transfers.values()].filter(
      ({ state }) => state.kind === "done" && state.url === undefined,
    );
    if (done.length === 0) return;
    const timer = setTimeout(() => {
      for (const { id } of done) chat.dismissTransfer(id);
    }, DONE_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [chat, transfers]);
}

/** All files under way, above the composer. */
export function Transfers() {
  const { texts } = usePage();
  const transfers = useFact((model) => model.transfers);
  useTidy(transfers);
  if (transfers.size === 0) return null;
  return (
    <section className="transfers" aria-label={texts.transfers}>
      {[...transfers.values()].map((transfer) => (
        <TransferLine key={transfer.id} transfer={transfer} />
      ))}
    </section>
  );
}
