/** Attached files above the composer, with thumbnails and the size in which photos are sent. */

import { useEffect, useId, useRef, useState } from "react";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import {
  countLocated,
  type LocationCounts,
  NO_LOCATIONS,
} from "../../../client/files/located-files.ts";
import { ifPossible } from "../../../io/promises.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { readableFile } from "../../browser/file-source.ts";
import { fileIcon } from "../../browser/media.ts";
import type { AttachedContent, Attachment as AttachedFile } from "../../transfer/attachments.ts";
import { Announced } from "../shell/announced.tsx";
import { usePage } from "../shell/context.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { FileName } from "./file-name.tsx";

interface Inspection {
  readonly file: AttachedContent;
  /** The thumbnail; `undefined` if the browser does not draw the file. */
  readonly picture: File | undefined;
  /** `undefined` for files that are always sent as they are. */
  readonly smaller: File | "pending" | undefined;
  readonly located: LocationCounts;
}

/** Inspects each file once. Copies are made one at a time. */
function useInspections(files: readonly AttachedFile[]): readonly Inspection[] {
  const { photos } = usePage().chat;
  const begun = useRef(new WeakSet<AttachedContent>());
  const [inspections, setInspections] = useState<ReadonlyMap<AttachedContent, Inspection>>(
    new Map(),
  );
  useEffect(() => {
    const add = (inspection: Inspection) =>
      setInspections((before) => new Map(before).set(inspection.file, inspection));
    const inspect = async (file: File) => {
      const located = await countLocated([readableFile(file)]);
      if (photos === undefined) {
        add({ file, picture: undefined, smaller: undefined, located });
        return;
      }
      const { isPicture, header, isAnimated } = await photos.inspect(file);
      if (header === undefined || isAnimated) {
        add({ file, picture: isPicture ? file : undefined, smaller: undefined, located });
        return;
      }
      add({ file, picture: undefined, smaller: "pending", located });
      // Sending the photo retries, and reports the fault.
      const smaller = await ifPossible(photos.smaller(file));
      add({ file, picture: smaller, smaller, located });
    };
    for (const { file } of files) {
      if (!(file instanceof File) || begun.current.has(file)) continue;
      begun.current.add(file);
      void inspect(file);
    }
  }, [photos, files]);
  return files.map(({ file }) => {
    const located = file instanceof File ? NO_LOCATIONS : file.located;
    const unknown = { file, picture: undefined, smaller: undefined, located };
    return inspections.get(file) ?? unknown;
  });
}

export function useObjectUrl(file: File | undefined): string | undefined {
  const [url, setUrl] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (file === undefined) return;
    const objectUrl = URL.createObjectURL(file);
    setUrl(objectUrl);
    return () => URL.revokeObjectURL(objectUrl);
  }, [file]);
  return url;
}

interface AttachmentProps {
  readonly inspection: Inspection;
  readonly isSmaller: boolean;
  readonly onRemove: () => void;
}

function Attachment({ inspection, isSmaller, onRemove }: AttachmentProps) {
  const { texts } = usePage();
  const { file, picture, smaller } = inspection;
  const url = useObjectUrl(picture);
  const name = cleanText(file.name);
  const { size } = isSmaller && smaller instanceof File ? smaller : file;
  const isFolder = !(file instanceof File);
  return (
    <li className="attachment">
      {url === undefined ? (
        <Icon name={isFolder ? "folder" : (fileIcon(file.name) ?? "file")} />
      ) : (
        <img src={url} alt={texts.picture(name)} />
      )}
      <span className="attachment-name" dir="auto" title={name}>
        <FileName name={name} />
      </span>
      <span className="file-note">
        {isFolder ? `${texts.folderOf(file.folder.entries)} · ` : ""}
        {isSmaller && smaller === "pending" ? "…" : formatSize(size)}
      </span>
      <IconButton icon="close" label={texts.detach(name)} onPress={onRemove} />
    </li>
  );
}

interface SizeChoiceProps {
  readonly photos: readonly Inspection[];
  readonly isSmaller: boolean;
  readonly onChoose: (isSmaller: boolean) => void;
}

/** Choice for all attached photos together. */
function SizeChoice({ photos, isSmaller, onChoose }: SizeChoiceProps) {
  const { texts } = usePage();
  const name = useId(); // The room and the open thread may both have photos.
  const sizes = { smaller: 0, original: 0 };
  for (const { file, smaller } of photos) {
    sizes.original += file.size;
    sizes.smaller += smaller instanceof File ? smaller.size : Number.NaN;
  }
  return (
    <fieldset className="photo-sizes">
      <legend className="sr-only">{texts.photoSize}</legend>
      {(["smaller", "original"] as const).map((choice) => (
        <label key={choice}>
          <input
            type="radio"
            className="sr-only"
            name={name}
            checked={isSmaller === (choice === "smaller")}
            onChange={() => onChoose(choice === "smaller")}
          />
          {choice === "smaller" ? texts.smallerPhoto : texts.originalPhoto}
          <span className="file-note">
            {Number.isNaN(sizes[choice]) ? "…" : formatSize(sizes[choice])}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface AttachmentsProps {
  readonly attached: {
    readonly files: readonly AttachedFile[];
    readonly isSmaller: boolean;
    readonly chooseSize: (isSmaller: boolean) => void;
    readonly remove: (attachment: AttachedFile) => void;
  };
}

export function AttachmentList({ attached }: AttachmentsProps) {
  const { texts } = usePage();
  const { files, isSmaller, chooseSize, remove } = attached;
  const inspections = useInspections(files);
  const photos = inspections.filter(({ smaller }) => smaller !== undefined);
  const sent = inspections.filter(({ smaller }) => !isSmaller || smaller === undefined);
  const isPhoto = ({ file }: Inspection) => file instanceof File && /^image\//.test(file.type);
  const hasOthers = sent.some((one) => one.located.has > 0 && !isPhoto(one));
  const location = locationText(texts, {
    attached: sumOf(inspections),
    sent: sumOf(sent),
    hasOthers,
  });
  return (
    <>
      <ul className="attachments" aria-label={texts.attached}>
        {files.map((attachment, i) => (
          <Attachment
            // biome-ignore lint/suspicious/noArrayIndexKey: the list may contain a file twice
            key={`${i} ${attachment.file.name}`}
            inspection={inspections[i] as Inspection}
            isSmaller={isSmaller}
            onRemove={() => remove(attachment)}
          />
        ))}
      </ul>
      {photos.length === 0 ? null : (
        <SizeChoice photos={photos} isSmaller={isSmaller} onChoose={chooseSize} />
      )}
      {location === undefined ? null : (
        <Announced
          kind="notice"
          className={location.isSent ? "photo-position is-sent" : "photo-position"}
        >
          {location.text}
        </Announced>
      )}
    </>
  );
}

function sumOf(inspections: readonly Inspection[]): LocationCounts {
  return inspections.reduce(
    (sum, { located: { has, mayHave } }) => ({
      has: sum.has + has,
      mayHave: sum.mayHave + mayHave,
    }),
    NO_LOCATIONS,
  );
}

interface Locations {
  readonly attached: LocationCounts;
  /** In files that are sent as they are. */
  readonly sent: LocationCounts;
  /** Whether a file with a location is no photo. */
  readonly hasOthers: boolean;
}

function locationText(texts: Texts, { attached, sent, hasOthers }: Locations) {
  const sentText = hasOthers ? texts.fileLocationSent : texts.positionSent;
  if (sent.has > 0) return { isSent: true, text: sentText(sent.has) };
  if (sent.mayHave > 0) return { isSent: true, text: texts.positionPossible(sent.mayHave) };
  const isLeftOut = attached.has + attached.mayHave > 0;
  return isLeftOut ? { isSent: false, text: texts.positionLeftOut } : undefined;
}
