/** Files in a message: previews, downloads and their menus. */

import { memo, useEffect, useState } from "react";
import { SAVED_BLOB_BYTES_MAX } from "../../../base/limits-page.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { playingTime } from "../../../core/client/voice.ts";
import type { FileView, Item, Model, TransferView } from "../../../core/model/state.ts";
import type { FileBody } from "../../../core/rooms/files.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { authorText } from "../../../ui/text/event-text.ts";
import { detailTexts } from "../../../ui/text/file-text.ts";
import { extensionOf, fileIcon, isHeic, type MediaKind, mediaType } from "../../browser/media.ts";
import { VIEWED_BYTES_MAX } from "../../transfer/previews.ts";
import { FaultLine, type PageValue, useModelValue, usePage, useTask } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { Icon, IconButton } from "../shell/icons.tsx";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { deleteFileItem, mayDeleteFile } from "./delete-file.tsx";
import { downloadArchive, downloadFrom } from "./download.ts";
import { useShownFiles } from "./file-frame.tsx";
import { FileName } from "./file-name.tsx";
import { useFilePicture } from "./file-picture.ts";
import { RecordingSlot, usePlaying } from "./playing.tsx";
import { TransferLine } from "./transfers.tsx";
import { Viewer } from "./viewer.tsx";
import { type FileVoice, fileVoice, VoiceLine } from "./voice-line.tsx";

/** Kinds displayed without confirmation, because their content cannot run. */
const HARMLESS: ReadonlySet<MediaKind> = new Set(["image", "sound", "video"]);

function fileType(name: string, texts: Texts): string {
  const media = mediaType(name);
  if (media?.kind === "image") return texts.typeImage(media.name);
  const extension = extensionOf(name).toUpperCase();
  const icon = fileIcon(name);
  const labels = {
    pdf: "PDF",
    archive: texts.typeArchive,
    document: texts.typeDocument,
    sheet: texts.typeSheet,
    slides: texts.typeSlides,
    code: texts.typeText,
    sound: texts.typeSound,
    film: texts.typeVideo,
    picture: texts.typeImage(extension),
  };
  if (icon === undefined) return `${texts.file} ${extension}`.trimEnd();
  return icon === "pdf" || icon === "picture" ? labels[icon] : `${labels[icon]} (${extension})`;
}

function findDownload({ transfers }: Model, file: string): TransferView | undefined {
  for (const transfer of transfers.values()) {
    const matches = transfer.file === file && transfer.kind === "download";
    if (matches && transfer.state.kind !== "done") return transfer;
  }
  return undefined;
}

/**
 * Excludes folders that are not encrypted, which the server makes an archive, and, in browsers
 * without a save dialog, files too large for memory.
 */
function isSavedByPage({ folder, size, isSealed }: FileView): boolean {
  const canChoose = "showSaveFilePicker" in window;
  const isArchivedByServer = folder !== undefined && isSealed !== true;
  return !isArchivedByServer && (canChoose || size <= SAVED_BLOB_BYTES_MAX);
}

/** The browser's own download would save a sealed file encrypted. */
function cannotSave(file: FileView): boolean {
  return file.isSealed === true && !isSavedByPage(file);
}

async function saveByBrowser({ chat }: PageValue, { file, name, folder }: FileBody): Promise<void> {
  const start = folder === undefined ? downloadFrom : downloadArchive;
  start(await chat.downloadPath(file), cleanText(name));
}

function canView({ name, size, folder, isSealed }: FileView): boolean {
  const media = folder === undefined ? mediaType(name) : undefined;
  if (media === undefined) return false;
  const isStreamed = ["sound", "video", "document"].includes(media.kind) && isSealed !== true;
  return isStreamed || size <= VIEWED_BYTES_MAX;
}

interface FileActions {
  readonly open: (() => void) | undefined;
  /** `undefined` if this browser cannot decrypt so large a file. */
  readonly save: (() => void) | undefined;
  readonly items: () => MenuItem[];
}

export function fileActions(page: PageValue, item: Item, file: FileView): FileActions {
  const { texts, chat, show, fail } = page;
  const name = cleanText(file.name);
  const view = () => show((close) => <Viewer file={file} seq={item.seq} onClose={close} />);
  const prompt = () =>
    confirm(page, {
      title: texts.openAsk(name),
      text: texts.openExplained(
        fileType(file.name, texts),
        formatSize(file.size),
        authorText(item, texts, chat.model),
      ),
      action: texts.open,
      onConfirm: view,
    });
  const isHarmless = HARMLESS.has(mediaType(file.name)?.kind ?? "text");
  const saveInBrowser = () => void saveByBrowser(page, file).catch(fail);
  const { folder, details } = file;
  const archive = folder && { manifestBytes: folder.manifestBytes, details };
  const save = () => chat.download(file.file, file.name, archive);
  const canBrowserSave = file.folder === undefined && file.isSealed !== true;
  return {
    open: canView(file) ? (isHarmless ? view : prompt) : undefined,
    save: cannotSave(file) ? undefined : isSavedByPage(file) ? save : saveInBrowser,
    items: () => [
      ...(canBrowserSave
        ? [{ label: texts.saveByBrowser, icon: "down", onChoose: saveInBrowser } as const]
        : []),
      ...(mayDeleteFile(chat.model, item) ? [deleteFileItem(page, { item, file })] : []),
    ],
  };
}

interface FileProps {
  readonly item: Item;
  readonly target: string;
  readonly file: FileView;
}

function useFileActions({ item, file }: Omit<FileProps, "target">) {
  return fileActions(usePage(), item, file);
}

interface PictureBoxProps {
  readonly file: FileView;
  /** `undefined` below a card with the file's name. */
  readonly isSquare?: boolean;
  readonly open: (() => void) | undefined;
}

function PictureBox({ file, isSquare, open }: PictureBoxProps) {
  const { texts } = usePage();
  const loaded = useFilePicture(file);
  const [isBroken, setBroken] = useState(false);
  const name = cleanText(file.name);
  const { width, height } = file.preview ?? {};
  const sentSides = width && height ? ([width, height] as const) : undefined;
  const sides = (loaded.kind === "here" ? loaded.picture.sides : undefined) ?? sentSides;
  const style = sides && isSquare !== true ? sizeOf(...sides) : {};
  if (loaded.kind === "here" && !isBroken) {
    const { url } = loaded.picture;
    return (
      <button
        type="button"
        className="picture"
        aria-label={texts.enlarge(name)}
        style={style}
        onClick={open}
      >
        <img src={url} alt={texts.picture(name)} decoding="async" onError={() => setBroken(true)} />
      </button>
    );
  }
  if (loaded.kind === "coming") return <div className="picture" data-late="" style={style} />;
  const reason = loaded.kind === "failed" ? texts.imageUnavailable : texts.notAnImage;
  if (isSquare === undefined) return <p className="file-note">{reason}</p>;
  const label = `${texts.openFile(name)} ${reason}`;
  return (
    <button type="button" className="picture is-failed" aria-label={label} onClick={open}>
      <Icon name="picture" />
      <span className="file-name" dir="auto">
        {name}
      </span>{" "}
      <span className="file-note">{reason}</span>
    </button>
  );
}

/** Height in rem of a picture that is not wider than its message. Must match files.css. */
const PICTURE_REM = 14;

function sizeOf(width: number, height: number) {
  const widthRem = ((PICTURE_REM * width) / height).toFixed(2);
  return { aspectRatio: `${width} / ${height}`, width: `min(100%, ${widthRem}rem)` };
}

function PictureCell(props: FileProps & { readonly isSquare: boolean }) {
  const { texts } = usePage();
  const { file, isSquare } = props;
  const { open, save, items } = useFileActions(props);
  const transfer = useModelValue((model) => findDownload(model, file.file));
  const name = cleanText(file.name);
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="picture-cell" role="group" aria-label={`${texts.file} ${name}`}>
      <PictureBox file={file} isSquare={isSquare} open={open ?? save} />
      <div className="picture-tools">
        {save && <IconButton icon="down" label={texts.saveFile(name)} onPress={save} />}
        <MenuButton className="file-more" label={texts.actionsFor(name)} items={items} />
      </div>
      {transfer && <TransferLine transfer={transfer} isCompact />}
    </div>
  );
}

/** Whether a list of files shows its picture or first frame. */
export function isPictured({ name, folder }: FileView): boolean {
  const media = folder === undefined ? mediaType(name) : undefined;
  return media?.kind === "image" || media?.kind === "video";
}

/** A picture or film in the list of a room's files. */
export function PictureTile({ item, file }: FileProps) {
  const { open, save } = useFileActions({ item, file });
  const { texts } = usePage();
  const duration = file.details?.durationMs;
  const isFilm = mediaType(file.name)?.kind === "video";
  if (!isFilm) return <PictureBox file={file} isSquare open={open ?? save} />;
  const name = cleanText(file.name);
  return (
    <button
      type="button"
      className="picture is-failed"
      aria-label={texts.openFile(name)}
      onClick={open ?? save}
    >
      <Icon name="film" />
      <span className="file-name" dir="auto">
        {name}
      </span>
      {duration === undefined ? null : <span className="file-note">{playingTime(duration)}</span>}
    </button>
  );
}

/** A file in the list of a room's files. */
export function FileRow({ item, file, isOwn }: FileProps & { readonly isOwn?: boolean }) {
  const { texts, times, chat } = usePage();
  const { open, save } = useFileActions({ item, file });
  const name = cleanText(file.name);
  const icon = file.folder === undefined ? (fileIcon(file.name) ?? "file") : "folder";
  const author = authorText(item, texts, chat.model);
  const time = times.brief(item.timeUnixMs);
  const facts = [formatSize(file.size), ...(isOwn === true ? [] : [author]), time];
  return (
    <div className="file-line">
      <span className={`file-icon is-${icon}`}>
        <Icon name={icon} />
      </span>
      <div className="file-about">
        <button
          type="button"
          className="file-name"
          dir="auto"
          title={name}
          aria-label={texts.openFile(name)}
          onClick={open ?? save}
        >
          <FileName name={name} />
        </button>
        <span className="file-note" dir="auto">
          {facts.join(" · ")}
        </span>
        {save === undefined ? <span className="file-note">{texts.fileSealedLarge}</span> : null}
      </div>
      {save && <IconButton icon="down" label={texts.saveFile(name)} onPress={save} />}
    </div>
  );
}

function VoiceFile({ sound, ...props }: FileProps & { readonly sound: FileVoice }) {
  const { texts } = usePage();
  const { file } = props;
  const { save, items } = useFileActions(props);
  const { voices } = usePlaying();
  const transfer = useModelValue((model) => findDownload(model, file.file));
  const name = cleanText(file.name);
  const saving = { label: texts.saveFile(name), icon: "down" } as const;
  const menu = () => [...(save === undefined ? [] : [{ ...saving, onChoose: save }]), ...items()];
  return (
    <>
      <VoiceLine voices={voices} {...sound}>
        <MenuButton className="file-more" label={texts.actionsFor(name)} items={menu} />
      </VoiceLine>
      {transfer && <TransferLine transfer={transfer} isCompact />}
    </>
  );
}

function FileLine(props: FileProps & { readonly showsFilm: boolean }) {
  const page = usePage();
  const sound = fileVoice(page, props, props.target);
  return sound === undefined ? <FileCard {...props} /> : <VoiceFile {...props} sound={sound} />;
}

function FileCard(props: FileProps & { readonly showsFilm: boolean }) {
  const { texts } = usePage();
  const { file, showsFilm } = props;
  const { open, save, items } = useFileActions(props);
  const transfer = useModelValue((model) => findDownload(model, file.file));
  const [isPreviewed, setPreviewed] = useState(false);
  const name = cleanText(file.name);
  const { folder } = file;
  const media = folder === undefined ? mediaType(file.name) : undefined;
  const icon = folder === undefined ? (fileIcon(file.name) ?? "file") : "folder";
  const type = folder === undefined ? fileType(file.name, texts) : texts.folderOf(folder.entries);
  const canPreview = open !== undefined && media?.kind === "image" && !isPreviewed;
  const menu = items();
  return (
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="file" role="group" aria-label={`${texts.file} ${name}`}>
      <div className="file-line is-card">
        <span className={`file-icon is-${icon}`}>
          <Icon name={icon} />
        </span>
        <div className="file-about">
          {open === undefined ? (
            <span className="file-name" dir="auto" title={name}>
              <FileName name={name} />
            </span>
          ) : (
            <button
              type="button"
              className="file-name"
              dir="auto"
              title={name}
              aria-label={texts.openFile(name)}
              onClick={open}
            >
              <FileName name={name} />
            </button>
          )}
          <span className="file-note">
            {[type, formatSize(file.size), ...detailTexts(file.details, texts)].join(" · ")}
          </span>
        </div>
        {canPreview ? (
          <IconButton icon="picture" label={texts.preview} onPress={() => setPreviewed(true)} />
        ) : null}
        {save && <IconButton icon="down" label={texts.saveFile(name)} onPress={save} />}
        {menu.length === 0 ? null : (
          <MenuButton className="file-more" label={texts.actionsFor(name)} items={items} />
        )}
      </div>
      {isHeic(file.name) ? <p className="file-note">{texts.heicHint}</p> : null}
      {save === undefined ? <p className="file-note">{texts.fileSealedLarge}</p> : null}
      {isPreviewed && open !== undefined ? <PictureBox file={file} open={open} /> : null}
      {media?.kind === "sound" || media?.kind === "video" ? (
        <Player file={file} seq={props.item.seq} kind={media.kind} showsFilm={showsFilm} />
      ) : null}
      {transfer && <TransferLine transfer={transfer} isCompact />}
    </div>
  );
}

type FilesProps = Pick<FileProps, "item" | "target">;

export const FileList = memo(function FileList({ item, target }: FilesProps) {
  const { pictures, lines, isOn } = useShownFiles(item, target);
  const isGrid = pictures.length > 1;
  const { texts } = usePage();
  return (
    <div className="files">
      {lines.map(({ file }) => (
        <FileLine key={file.file} item={item} file={file} target={target} showsFilm={isOn} />
      ))}
      {pictures.length > 0 ? (
        <div className="pictures" data-count={pictures.length}>
          {pictures.map(({ file }) => (
            <PictureCell
              key={file.file}
              item={item}
              file={file}
              target={target}
              isSquare={isGrid}
            />
          ))}
        </div>
      ) : null}
      {item.erasedFiles?.map(({ file, name }) => (
        <p key={file} className="gone">
          {texts.fileDeleted(cleanText(name))}
        </p>
      ))}
    </div>
  );
});

interface PlayerProps {
  readonly file: FileView;
  readonly seq: number;
  readonly kind: "sound" | "video";
  /** Reports whether the first frame of a film is fetched before the user plays it. */
  readonly showsFilm: boolean;
}

/** The server streams ranges of the file. A sealed file has none, and is played by the viewer. */
function Player({ file, seq, kind, showsFilm }: PlayerProps) {
  const { chat, texts } = usePage();
  const task = useTask();
  const isFilm = kind === "video";
  const playing = usePlaying();
  const [isPressed, setPressed] = useState(false);
  const [wasStarted] = useState(() => playing.hasStarted(file.file));
  const isWanted = isPressed || (isFilm && showsFilm) || wasStarted;
  const [address, setAddress] = useState<string | undefined>(undefined);
  const [isUnplayable, setUnplayable] = useState(false);
  const name = cleanText(file.name);
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested once
  useEffect(() => {
    if (isWanted && file.isSealed !== true)
      task.run(async () => setAddress(`${await chat.downloadPath(file.file)}?view`));
  }, [isWanted]);
  if (file.isSealed === true) return null;
  if (isUnplayable) return <p className="file-note">{texts.notPlayable}</p>;
  if (!isWanted) {
    return <IconButton icon="play" label={texts.play(name)} onPress={() => setPressed(true)} />;
  }
  return (
    <>
      {address === undefined ? null : (
        <RecordingSlot
          recording={{ file: file.file, seq, kind, name, address }}
          playsAtOnce={isPressed}
          onError={() => setUnplayable(true)}
        />
      )}
      <FaultLine fault={task.fault} />
    </>
  );
}
