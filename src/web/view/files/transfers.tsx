/** Running transfers, above the composer. */

import { memo, useEffect } from "react";
import { cleanText } from "../../../base/text.ts";
import type { TransferView } from "../../../core/model/state.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import { transferText } from "../../../ui/text/transfer-text.ts";
import { useModelValue, usePage } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";
import { FileName } from "./file-name.tsx";

function Buttons({ transfer }: { readonly transfer: TransferView }) {
  const { texts, chat } = usePage();
  const { id, state } = transfer;
  const isDone = state.kind === "done";
  return (
    <div className="transfer-buttons">
      {state.kind === "running" ? (
        <IconButton icon="pause" label={texts.pause} onPress={() => chat.pauseTransfer(id)} />
      ) : null}
      {state.kind === "running" || isDone ? null : (
        <IconButton icon="play" label={texts.resume} onPress={() => chat.resumeTransfer(id)} />
      )}
      {isDone ? (
        <IconButton icon="close" label={texts.dismiss} onPress={() => chat.cancelTransfer(id)} />
      ) : (
        <IconButton icon="close" label={texts.cancel} onPress={() => chat.cancelTransfer(id)} />
      )}
    </div>
  );
}

interface TransferProps {
  readonly transfer: TransferView;
  readonly isCompact?: boolean;
}

export const TransferLine = memo(function TransferLine({
  transfer,
  isCompact = false,
}: TransferProps) {
  const { texts, chat } = usePage();
  const { name, kind, to, state, progress } = transfer;
  const safeName = cleanText(name);
  const direction =
    kind === "upload"
      ? texts.sendingTo(to.map((target) => targetTitle(chat.model, target)).join(", "))
      : texts.receiving;
  const size = progress?.sizeBytes;
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="transfer" role="group" aria-label={texts.transferOf(safeName)}>
      <div className="transfer-about">
        {isCompact ? null : (
          <span className="file-name">
            <bdi>
              <FileName name={safeName} />
            </bdi>{" "}
            <span className="file-note">{direction}</span>
          </span>
        )}
        {state.kind === "done" ? null : (
          <progress
            aria-label={texts.progress}
            max={size === undefined ? undefined : Math.max(1, size)}
            value={size === undefined ? undefined : progress?.doneBytes}
          />
        )}
        <span className="file-note">{transferText(transfer, texts, faultText)}</span>
      </div>
      <Buttons transfer={transfer} />
    </div>
  );
});

/** A finished transfer stays visible this long. Afterwards, only the message shows the file. */
const DONE_VISIBLE_MS = 4_000;

function useAutoDismiss({ id, state }: TransferView): void {
  const { chat } = usePage();
  const isDone = state.kind === "done";
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => chat.cancelTransfer(id), DONE_VISIBLE_MS);
    return () => clearTimeout(timer);
  }, [chat, id, isDone]);
}

function TransferRow({ transfer }: { readonly transfer: TransferView }) {
  useAutoDismiss(transfer);
  return <TransferLine transfer={transfer} />;
}

export function TransferList() {
  const { texts } = usePage();
  const transfers = useModelValue((model) => model.transfers);
  return (
    <section className="transfers" aria-label={texts.transfers}>
      {[...transfers.values()].map((transfer) => (
        <TransferRow key={transfer.id} transfer={transfer} />
      ))}
    </section>
  );
}
