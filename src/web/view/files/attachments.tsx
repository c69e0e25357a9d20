/** Attached files above the composer, with thumbnails. */

import { useEffect, useState } from "react";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { PICTURE_HEAD_BYTES } from "../../../core/client/picture-header.ts";
import type { Attachment as AttachedFile } from "../../transfer/attachments.ts";
import { pictureInfo, VIEWED_BYTES_MAX } from "../../transfer/previews.ts";
import { usePage } from "../shell/context.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";

function useThumbnail(file: File): string | undefined {
  const [url, setUrl] = useState<string | undefined>(undefined);
  useEffect(() => {
    let objectUrl: string | undefined;
    let isCancelled = false;
    const load = async () => {
      if (file.size > VIEWED_BYTES_MAX) return;
      const type = pictureInfo(
        new Uint8Array(await file.slice(0, PICTURE_HEAD_BYTES).arrayBuffer()),
      )?.type;
      if (type === undefined || isCancelled) return;
      objectUrl = URL.createObjectURL(file.slice(0, file.size, type));
      setUrl(objectUrl);
    };
    load().catch(() => undefined); // Sending an unreadable file reports the error.
    return () => {
      isCancelled = true;
      if (objectUrl !== undefined) URL.revokeObjectURL(objectUrl);
    };
  }, [file]);
  return url;
}

function Attachment({ file, onRemove }: { readonly file: File; readonly onRemove: () => void }) {
  const { texts } = usePage();
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

interface AttachmentsProps {
  readonly files: readonly AttachedFile[];
  readonly onRemove: (attachment: AttachedFile) => void;
}

export function Attachments({ files, onRemove }: AttachmentsProps) {
  const { texts } = usePage();
  return (
    <ul className="attachments" aria-label={texts.attached}>
      {files.map((attachment, i) => (
        <Attachment
          // biome-ignore lint/suspicious/noArrayIndexKey: the list may contain a file twice
          key={`${i} ${attachment.file.name}`}
          file={attachment.file}
          onRemove={() => onRemove(attachment)}
        />
      ))}
    </ul>
  );
}
