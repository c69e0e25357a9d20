/** Attached files above the composer, with thumbnails. */

import { useEffect, useState } from "react";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { PREVIEW_BYTES_MAX, pictureInfo } from "../../transfer/previews.ts";
import { usePartPage } from "../shell/full-page.ts";
import { Icon, IconButton } from "../shell/icons.tsx";
import type { LazyProps } from "../shell/lazy.tsx";

/** The header of a camera photo, with its dimensions, is within these bytes. */
const HEAD_BYTES = 256 * 1024;

/** URL of the file's thumbnail; `undefined` if it is not a picture, or not known yet. */
function useThumbnail(file: File): string | undefined {
  const [url, setUrl] = useState<string | undefined>(undefined);
  useEffect(() => {
    let made: string | undefined;
    let isOver = false;
    const look = async () => {
      if (file.size > PREVIEW_BYTES_MAX) return;
      const type = pictureInfo(new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()))?.type;
      if (type === undefined || isOver) return;
      made = URL.createObjectURL(file.slice(0, file.size, type));
      setUrl(made);
    };
    look().catch(() => undefined); // Unreadable: sending the file reports it.
    return () => {
      isOver = true;
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [file]);
  return url;
}

function Attachment({ file, onRemove }: { readonly file: File; readonly onRemove: () => void }) {
  const { texts } = usePartPage();
  const url = useThumbnail(file);
  const name = cleanText(file.name);
  return (
    <li className="attachment">
      {url === undefined ? <Icon name="file" /> : <img src={url} alt={texts.picture(name)} />}
      <span className="attachment-name" dir="auto" title={name}>
        {name}
      </span>
      <span className="file-note">{formatSize(file.size)}</span>
      <IconButton icon="close" label={texts.detach(name)} onPress={onRemove} />
    </li>
  );
}

export function Attachments({ files, onRemove }: LazyProps["Attachments"]) {
  const { texts } = usePartPage();
  return (
    <ul className="attachments" aria-label={texts.attached}>
      {files.map((one, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same file may be there twice
        <Attachment key={`${i} ${one.file.name}`} file={one.file} onRemove={() => onRemove(one)} />
      ))}
    </ul>
  );
}
