/** Attached files above the composer, with thumbnails and the size in which photos are sent. */

import { useEffect, useId, useRef, useState } from "react";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import {
  type Counts,
  countPersonalData,
  NO_PERSONAL_DATA,
  type PersonalDataCounts,
  sumOfCounts,
} from "../../../client/files/personal-data.ts";
import { ifPossible } from "../../../io/promises.ts";
import { readableFile } from "../../browser/file-source.ts";
import { fileIcon, isHeic } from "../../browser/media.ts";
import type { AttachedContent, Attachment as AttachedFile } from "../../transfer/attachments.ts";
import { withoutPersonalData } from "../../transfer/cleaned-file.ts";
import { jpegName, jpegOf } from "../../transfer/jpeg-copy.ts";
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
  readonly personal: PersonalDataCounts;
  /** Copy without personal data; `undefined` if there is none, or it cannot be removed. */
  readonly cleaned: File | undefined;
}

/**
 * Inspects each file once. Copies are made one at a time.
 * @param onJpeg called with a JPEG of a photo that most browsers do not display
 */
function useInspections(
  files: readonly AttachedFile[],
  onJpeg: (jpeg: File) => void,
): readonly Inspection[] {
  const addJpeg = useRef(onJpeg);
  addJpeg.current = onJpeg;
  const { photos, attached } = usePage().chat;
  const begun = useRef(new WeakSet<AttachedContent>());
  const [inspections, setInspections] = useState<ReadonlyMap<AttachedContent, Inspection>>(
    new Map(),
  );
  useEffect(() => {
    const add = (inspection: Inspection) =>
      setInspections((before) => new Map(before).set(inspection.file, inspection));
    const inspect = async (file: File) => {
      const personal = await countPersonalData([readableFile(file)]);
      const isPersonal = hasAny(personal.location) || hasAny(personal.name);
      const cleaned = isPersonal ? await withoutPersonalData(file) : undefined;
      const facts = { file, personal, cleaned };
      attached.examined.add(file);
      if (photos === undefined) {
        add({ ...facts, picture: undefined, smaller: undefined });
        return;
      }
      const jpeg = isHeic(file.name) ? await jpegOf(photos, file) : undefined;
      if (jpeg !== undefined) addJpeg.current(jpeg);
      const { isPicture, header, isAnimated } = await photos.inspect(file);
      if (header === undefined || isAnimated) {
        add({ ...facts, picture: isPicture ? file : undefined, smaller: undefined });
        return;
      }
      add({ ...facts, picture: undefined, smaller: "pending" });
      // Sending the photo retries, and reports the fault.
      const smaller = await ifPossible(photos.smaller(file));
      add({ ...facts, picture: smaller, smaller });
    };
    for (const { file } of files) {
      if (!(file instanceof File) || begun.current.has(file)) continue;
      begun.current.add(file);
      void inspect(file);
    }
  }, [photos, attached, files]);
  return files.map(({ file }) => {
    const personal = file instanceof File ? NO_PERSONAL_DATA : file.personal;
    const unknown = { file, picture: undefined, smaller: undefined, personal, cleaned: undefined };
    return inspections.get(file) ?? unknown;
  });
}

function hasAny({ has, mayHave }: Counts): boolean {
  return has + mayHave > 0;
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
    readonly add: (files: readonly AttachedFile[]) => void;
    readonly remove: (attachment: AttachedFile) => void;
    readonly clean: (copies: ReadonlyMap<AttachedFile, File>) => void;
  };
}

export function AttachmentList({ attached }: AttachmentsProps) {
  const { texts, times } = usePage();
  const { files, isSmaller, chooseSize, add, remove, clean } = attached;
  const addJpeg = (file: File) => add([{ file, handle: undefined }]);
  const inspections = useInspections(files, addJpeg);
  const photos = inspections.filter(({ smaller }) => smaller !== undefined);
  const sent = inspections.filter(({ smaller }) => !isSmaller || smaller === undefined);
  const names = new Set(files.map(({ file }) => file.name));
  const removeFrom = (removable: readonly Inspection[]) => {
    const copies = new Map<AttachedFile, File>();
    for (const { file, cleaned } of removable)
      for (const attachment of files)
        if (attachment.file === file && cleaned !== undefined) copies.set(attachment, cleaned);
    clean(copies);
  };
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
      {personalNotes({ texts, times }, inspections, sent).map(
        ({ kind, text, removable, remove: label }) => (
          <div key={kind} className={removable === undefined ? "photo-position" : SENT_CLASS}>
            <Announced kind="notice" as="span">
              {text}
            </Announced>
            {removable === undefined || removable.length === 0 ? null : (
              <button type="button" className="fold-link" onClick={() => removeFrom(removable)}>
                {label}
              </button>
            )}
          </div>
        ),
      )}
      {sent.some(({ file }) => isHeic(file.name) && !names.has(jpegName(file.name))) ? (
        <Announced kind="notice" className={SENT_CLASS}>
          {texts.heicSent}
        </Announced>
      ) : null}
    </>
  );
}

/** Files that are named because the page cannot remove their personal data. */
const UNCLEANED_NAMES_MAX = 3;
const SENT_CLASS = "photo-position is-sent";

interface PersonalNote {
  readonly kind: keyof PersonalDataCounts;
  readonly text: string;
  /** Files from which it can be removed; `undefined` if nothing is sent. */
  readonly removable: readonly Inspection[] | undefined;
  /** Label of the button. */
  readonly remove: string;
}

/** @param sent files that are sent as they are */
function personalNotes(
  { texts, times }: Pick<ReturnType<typeof usePage>, "texts" | "times">,
  attached: readonly Inspection[],
  sent: readonly Inspection[],
): readonly PersonalNote[] {
  const sum = sumOfCounts(sent.map(({ personal }) => personal));
  const removable = (kind: PersonalNote["kind"]) =>
    sent.filter(({ personal, cleaned }) => cleaned !== undefined && hasAny(personal[kind]));
  const remaining = (kind: PersonalNote["kind"]) =>
    sent
      .filter(({ personal, cleaned }) => cleaned === undefined && hasAny(personal[kind]))
      .map(({ file }) => cleanText(file.name));
  const isPhoto = ({ file }: Inspection) => file instanceof File && /^image\//.test(file.type);
  const hasOthers = sent.some((one) => one.personal.location.has > 0 && !isPhoto(one));
  const locationSent = hasOthers ? texts.fileLocationSent : texts.positionSent;
  const notes: PersonalNote[] = [];
  const add = (kind: PersonalNote["kind"], textOf: (files: number) => string, count: number) => {
    const remove = kind === "location" ? texts.removeLocation : texts.removeNames;
    const names = remaining(kind);
    const shown = names.slice(0, UNCLEANED_NAMES_MAX);
    if (names.length > shown.length) shown.push(texts.others(names.length - shown.length));
    const rest = shown.length === 0 ? "" : ` ${texts.cannotClean(times.list(shown))}`;
    notes.push({ kind, text: textOf(count) + rest, removable: removable(kind), remove });
  };
  const { location, name } = sum;
  if (location.has > 0) add("location", locationSent, location.has);
  else if (location.mayHave > 0) add("location", texts.positionPossible, location.mayHave);
  else if (attached.some(({ personal }) => hasAny(personal.location))) {
    const text = texts.positionLeftOut;
    notes.push({ kind: "location", text, removable: undefined, remove: "" });
  }
  if (name.has > 0) add("name", texts.namesSent, name.has);
  else if (name.mayHave > 0) add("name", texts.namesPossible, name.mayHave);
  return notes;
}
