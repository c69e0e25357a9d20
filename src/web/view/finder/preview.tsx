/** Preview below a row of the finder: a message among its neighbours, a file, or an answer. */

import { useState } from "react";
import { TEXT_ENCODINGS } from "../../../core/client/text-encoding.ts";
import { messagesAround } from "../../../core/finder/around.ts";
import type { FileView, FoundItem } from "../../../core/model/state.ts";
import type { FoundFile } from "../../../ui/finder/files.ts";
import { mediaType } from "../../browser/media.ts";
import { useFileText } from "../files/file-text.ts";
import { FileRow, isPictured, PictureTile } from "../files/files.tsx";
import { AnswerText } from "../help/answer.tsx";
import { ListedMessage } from "../room/listed-message.tsx";
import { RichText } from "../room/rich-text.tsx";
import { FaultLine, usePage } from "../shell/context.tsx";
import type { FoundRowProps } from "./finder-row.tsx";

/** Longer texts are opened instead. */
const TEXT_FILE_BYTES_MAX = 256 * 1024;
const TEXT_BYTES_SHOWN = 2_000;

/** Whether `RowPreview` has something to show of this row. */
export function hasPreview({ kind }: FoundRowProps): boolean {
  return kind === "messages" || kind === "files" || kind === "help";
}

export function RowPreview({ row }: { readonly row: FoundRowProps }) {
  switch (row.kind) {
    case "messages":
      return <MessagePreview found={row.found} />;
    case "files":
      return <FilePreview row={row} />;
    case "help":
      return <AnswerText entry={row.entry} />;
    default:
      return null;
  }
}

function MessagePreview({ found }: { readonly found: FoundItem }) {
  const { chat } = usePage();
  // As of its opening: nothing in the list moves while it is read.
  const [items] = useState(() => messagesAround(chat.model, found));
  return (
    <ul className="finder-preview">
      {items.map((item) => {
        const isFound = item.seq === found.item.seq;
        return (
          <li key={item.seq} aria-current={isFound || undefined}>
            <ListedMessage item={item}>
              {isFound && item.text !== "" ? (
                <RichText text={item.text} mentions={item.mentions} />
              ) : undefined}
            </ListedMessage>
          </li>
        );
      })}
    </ul>
  );
}

function FilePreview({ row }: { readonly row: FoundFile }) {
  const { item, file } = row;
  const isText = file.folder === undefined && mediaType(file.name)?.kind === "text";
  return (
    <div className="finder-preview">
      {isPictured(file) ? <PictureTile {...row} /> : null}
      {isText && file.size <= TEXT_FILE_BYTES_MAX ? <FirstLines file={file} /> : null}
      <FileRow {...row} />
      {item.text === "" ? null : <RichText text={item.text} mentions={item.mentions} />}
    </div>
  );
}

function FirstLines({ file }: { readonly file: FileView }) {
  const { text, encoding, isOtherEncoding, task } = useFileText(file, TEXT_BYTES_SHOWN);
  return (
    <>
      {isOtherEncoding && encoding !== undefined ? (
        <p className="file-note">{TEXT_ENCODINGS[encoding]}</p>
      ) : null}
      {text === undefined || text === "" ? null : <pre dir="auto">{text}</pre>}
      <FaultLine fault={task.fault} />
    </>
  );
}
