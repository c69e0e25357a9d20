/** Full-window viewer of pictures, media, documents and texts. */

import { type PointerEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import { TEXT_ENCODINGS, type TextEncoding } from "../../../core/client/text-encoding.ts";
import { itemAt } from "../../../core/model/item.ts";
import {
  filesOfItems,
  isIgnored,
  openRoom,
  postTarget,
  rightsIn,
} from "../../../core/model/selectors.ts";
import type { FileView, Model } from "../../../core/model/state.ts";
import { startReply } from "../../../ui/text/draft.ts";
import { authorText } from "../../../ui/text/event-text.ts";
import { isPdf, mediaType } from "../../browser/media.ts";
import { type Picture, VIEWED_BYTES_MAX } from "../../transfer/previews.ts";
import { pickEmoji } from "../emoji/button.tsx";
import { Announced } from "../shell/announced.tsx";
import { FaultLine, useModelValue, usePage, useTask } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { listen } from "../shell/effects.ts";
import { useIsErased } from "../shell/erased.ts";
import { Icon, IconButton } from "../shell/icons.tsx";
import { MenuButton, menuGroups, menuItem } from "../shell/menu.tsx";
import { deleteFileItem, mayDeleteFile } from "./delete-file.tsx";
import { useFileText } from "./file-text.ts";
import { getPreviews, isSamePicture } from "./scale.ts";

const VIEWED_TEXT_BYTES_MAX = 1024 * 1024;
const ZOOM_MAX = 8;
const SWIPE_PX = 50;

export interface ViewerProps {
  readonly file: FileView;
  /** Message of the file. */
  readonly seq: number;
  readonly onClose: () => void;
}

/** Chooses the view by the extension of the file name. Never executes the content. */
export function Viewer(props: ViewerProps) {
  const { file } = props;
  const media = mediaType(file.name);
  return media?.kind === "image" ? <PictureViewer {...props} /> : <FileViewer {...props} />;
}

/** Closes the viewer when its file is deleted, and says so. */
function useDeletion({ file, seq, onClose }: ViewerProps): void {
  const { texts, notify, chat } = usePage();
  const isErased = useIsErased(seq, file.file);
  // biome-ignore lint/correctness/useExhaustiveDependencies: closes once
  useEffect(() => {
    if (!isErased) return;
    onClose();
    const { hasExpired } = itemIn(chat.model, seq) ?? {};
    notify(hasExpired === true ? texts.viewedExpired : texts.viewedDeleted);
  }, [isErased]);
}

function FileViewer({ file, seq, onClose }: ViewerProps) {
  const media = mediaType(file.name);
  useDeletion({ file, seq, onClose });
  return (
    <Dialog title={cleanText(file.name)} onClose={onClose} className="viewer">
      {media?.kind === "text" ? <TextView file={file} /> : <MediaView file={file} />}
    </Dialog>
  );
}

/** The content of a file at reading size, outside of the viewer; `undefined` if it has no view. */
export function fileView(file: FileView): ReactNode | undefined {
  const { kind } = mediaType(file.name) ?? {};
  if (file.folder !== undefined || kind === undefined) return undefined;
  if (kind === "text") return <TextView file={file} />;
  if (kind !== "image") return <MediaView file={file} />;
  return file.size > VIEWED_BYTES_MAX ? undefined : <LargePicture file={file} zoom={1} />;
}

function TextView({ file }: { readonly file: FileView }) {
  const { texts } = usePage();
  const found = useFileText(file, VIEWED_TEXT_BYTES_MAX);
  const { text, isBinary, encoding, isOtherEncoding, choose, task } = found;
  return (
    <>
      {isOtherEncoding ? (
        <label className="text-encoding">
          {texts.encoding}
          <select value={encoding} onChange={({ target }) => choose(target.value as TextEncoding)}>
            {Object.entries(TEXT_ENCODINGS).map(([label, name]) => (
              <option key={label} value={label}>
                {name}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {isBinary ? <Announced kind="fault">{texts.notText}</Announced> : null}
      {text === "" ? <p className="hint">{texts.emptyText}</p> : null}
      {text === undefined || text === "" ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll the text
        <pre dir="auto" tabIndex={0}>
          {text}
        </pre>
      )}
      {task.isBusy ? <p>…</p> : null}
      <FaultLine fault={task.fault} />
    </>
  );
}

/**
 * The server streams files under a policy that forbids scripts. A sealed file is a blob under the
 * page's policy, and never HTML.
 */
function useAddress(file: FileView) {
  const { chat } = usePage();
  const task = useTask();
  const [address, setAddress] = useState<string | undefined>(undefined);
  const [isUnplayable, setUnplayable] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested once
  useEffect(() => {
    const stop = new AbortController();
    let objectUrl: string | undefined;
    task.run(async () => {
      if (file.isSealed !== true) {
        const path = await chat.downloadPath(file.file);
        return setAddress(`${path}?view`);
      }
      const options = { digest: file.digest, signal: stop.signal };
      const bytes = await chat.preview(file.file, VIEWED_BYTES_MAX, options);
      if (stop.signal.aborted) return;
      const { mime = "", kind } = mediaType(file.name) ?? {};
      if (kind === "document" && !isPdf(bytes)) return setUnplayable(true);
      objectUrl = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: mime }));
      setAddress(objectUrl);
    });
    return () => {
      stop.abort(new Fault("interrupted", "the viewer was closed"));
      if (objectUrl !== undefined) URL.revokeObjectURL(objectUrl);
    };
  }, []);
  return { address, task, isUnplayable, markUnplayable: () => setUnplayable(true) };
}

function MediaView({ file }: { readonly file: FileView }) {
  const { texts } = usePage();
  const { address, task, isUnplayable, markUnplayable } = useAddress(file);
  const name = cleanText(file.name);
  const { kind } = mediaType(file.name) ?? {};
  return (
    <>
      {address !== undefined && kind === "sound" ? (
        // biome-ignore lint/a11y/useMediaCaption: users' files have no captions
        <audio controls src={address} aria-label={name} onError={markUnplayable} />
      ) : null}
      {address !== undefined && kind === "video" ? (
        // biome-ignore lint/a11y/useMediaCaption: users' files have no captions
        <video controls src={address} aria-label={name} onError={markUnplayable} />
      ) : null}
      {address !== undefined && kind === "document" ? <iframe src={address} title={name} /> : null}
      {isUnplayable ? (
        <Announced kind="fault">
          {kind === "document" ? texts.notAPdf : texts.notPlayable}
        </Announced>
      ) : null}
      {task.isBusy ? <p>…</p> : null}
      <FaultLine fault={task.fault} />
    </>
  );
}

interface ViewedPicture {
  readonly file: FileView;
  readonly seq: number;
  readonly text: string;
}

function roomPictures(model: Model): readonly ViewedPicture[] {
  const room = openRoom(model);
  const { items = [] } = room?.jump ?? room?.tail ?? {};
  return filesOfItems(items).flatMap(({ item: { seq, from, text }, file }) => {
    if (isIgnored(model, from)) return [];
    const isPicture = mediaType(file.name)?.kind === "image" && file.folder === undefined;
    return isPicture && file.size <= VIEWED_BYTES_MAX ? [{ file, seq, text }] : [];
  });
}

interface PictureSequence {
  readonly current: ViewedPicture;
  readonly position: number;
  readonly count: number;
  readonly hasMore: boolean;
  readonly move: (step: 1 | -1) => void;
}

function usePictureSequence(first: FileView, seq: number): PictureSequence {
  const { chat } = usePage();
  const model = useModelValue((current) => current);
  const pictures = roomPictures(model);
  const [id, setId] = useState<string>(first.file);
  const [isLoadingPrevious, setLoadingPrevious] = useState(false);
  const index = pictures.findIndex(({ file }) => file.file === id);
  const room = openRoom(model);
  const { hasOlder = false } = room?.jump ?? room?.tail ?? {};
  const isLoading = room?.loading !== undefined;
  const before = pictures[index - 1]?.file.file;
  useEffect(() => {
    if (!isLoadingPrevious) return;
    if (before !== undefined) {
      setLoadingPrevious(false);
      setId(before);
    } else if (!hasOlder || index < 0) setLoadingPrevious(false);
    else if (!isLoading) chat.actions.loadMore("older");
  }, [chat, isLoadingPrevious, before, hasOlder, isLoading, index]);
  const move = (step: 1 | -1) => {
    const next = pictures[index + step];
    if (index >= 0 && next !== undefined) setId(next.file.file);
    else if (step < 0 && hasOlder) setLoadingPrevious(true);
  };
  const last = useRef<ViewedPicture>({ file: first, seq, text: "" });
  const current = pictures[index] ?? last.current;
  last.current = current;
  return { current, position: index + 1, count: pictures.length, hasMore: hasOlder, move };
}

function PictureViewer({ file: first, seq, onClose }: ViewerProps) {
  const { texts, chat } = usePage();
  const { current, position, count, hasMore, move: movePicture } = usePictureSequence(first, seq);
  const { file, text } = current;
  const sent = useSent(current.seq);
  useDeletion({ file, seq: current.seq, onClose });
  const [zoom, setZoom] = useState(1);
  const zoomBy = (factor: number) =>
    setZoom((before) => Math.min(ZOOM_MAX, Math.max(1, before * factor)));
  const move = (step: 1 | -1) => {
    setZoom(1);
    movePicture(step);
  };
  const press = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft" && zoom === 1) move(-1);
    else if (event.key === "ArrowRight" && zoom === 1) move(1);
    else if (event.key === "+" || event.key === "=") zoomBy(2);
    else if (event.key === "-") zoomBy(0.5);
    else if (event.key === "0") setZoom(1);
    else return;
    event.preventDefault();
  };
  const latestPress = useRef(press);
  latestPress.current = press;
  // Listens on the window, so that keys work wherever the focus is.
  useEffect(() => {
    return listen(window, "keydown", (event: KeyboardEvent) => latestPress.current(event));
  }, []);
  const touchStart = useRef<{ readonly x: number; readonly y: number }>(undefined);
  const onPointerDown = ({ pointerType, isPrimary, clientX: x, clientY: y }: PointerEvent) => {
    touchStart.current = pointerType === "touch" && isPrimary && zoom === 1 ? { x, y } : undefined;
  };
  const onPointerUp = ({ clientX, clientY }: PointerEvent) => {
    const from = touchStart.current;
    if (from === undefined) return;
    touchStart.current = undefined;
    const [x, y] = [clientX - from.x, clientY - from.y];
    if (Math.abs(x) >= SWIPE_PX && Math.abs(x) > 2 * Math.abs(y)) move(x < 0 ? 1 : -1);
    if (y >= SWIPE_PX && y > 2 * Math.abs(x)) onClose();
  };
  const name = cleanText(file.name);
  return (
    <Dialog
      title={sent?.author ?? name}
      note={sent === undefined ? undefined : `${name} · ${sent.time}`}
      onClose={onClose}
      className="viewer is-picture"
      tools={<PictureMenu file={file} seq={current.seq} zoomBy={zoomBy} move={move} />}
    >
      <div className="viewer-stage" onPointerDown={onPointerDown} onPointerUp={onPointerUp}>
        <LargePicture
          key={file.file}
          file={file}
          zoom={zoom}
          onZoom={() => setZoom(zoom > 1 ? 1 : 2)}
        />
        {text === "" ? null : (
          <p className="viewer-text" dir="auto">
            {cleanText(text, { lines: true })}
          </p>
        )}
        <IconButton
          icon="back"
          className="viewer-arrow"
          label={texts.previousPicture}
          isDisabled={position <= 1 && !hasMore}
          onPress={() => move(-1)}
        />
        <IconButton
          icon="back"
          className="viewer-arrow is-turned"
          label={texts.nextPicture}
          isDisabled={position === 0 || position >= count}
          onPress={() => move(1)}
        />
        <div className="viewer-tools">
          <button
            type="button"
            className="viewer-action"
            aria-label={texts.saveFile(name)}
            onClick={() => chat.download(file.file, file.name)}
          >
            <Icon name="down" />
            {texts.save}
          </button>
          <ReplyButton seq={current.seq} onClose={onClose} />
          <ReactButton seq={current.seq} />
          <Announced kind="result" as="span">
            {position === 0 ? "" : texts.pictureAt(position, hasMore ? `${count}+` : `${count}`)}
          </Announced>
          <IconButton
            icon="minus"
            className="viewer-zoom"
            label={texts.zoomOut}
            isDisabled={zoom <= 1}
            onPress={() => zoomBy(0.5)}
          />
          <IconButton
            icon="plus"
            className="viewer-zoom"
            label={texts.zoomIn}
            isDisabled={zoom >= ZOOM_MAX}
            onPress={() => zoomBy(2)}
          />
        </div>
      </div>
    </Dialog>
  );
}

interface PictureMenuProps {
  readonly file: FileView;
  readonly seq: number;
  readonly zoomBy: (factor: number) => void;
  readonly move: (step: 1 | -1) => void;
}

/** Actions that fingers reach by gestures, and the rare ones. */
function PictureMenu({ file, seq, zoomBy, move }: PictureMenuProps) {
  const page = usePage();
  const { texts } = page;
  const item = useModelValue((model) => itemIn(model, seq));
  const mayDelete = useModelValue((model) => mayDeleteFile(model, itemIn(model, seq)));
  const items = () =>
    menuGroups(
      [
        menuItem(texts.previousPicture, () => move(-1), "back"),
        menuItem(texts.nextPicture, () => move(1), "next"),
        menuItem(texts.zoomIn, () => zoomBy(2), "plus"),
        menuItem(texts.zoomOut, () => zoomBy(0.5), "minus"),
      ],
      mayDelete && item !== undefined ? [deleteFileItem(page, { item, file })] : [],
    );
  return <MenuButton label={texts.actionsFor(cleanText(file.name))} items={items} />;
}

interface Sent {
  readonly author: string;
  readonly time: string;
}

/** Returns who sent the message in the open room, and when. */
function useSent(seq: number): Sent | undefined {
  const { texts, times } = usePage();
  const author = useModelValue((model) => {
    const item = itemIn(model, seq);
    return item && authorText(item, texts, model);
  });
  const time = useModelValue((model) => {
    const item = itemIn(model, seq);
    return item && times.full(item.timeUnixMs);
  });
  return author === undefined || time === undefined ? undefined : { author, time };
}

function itemIn(model: Model, seq: number) {
  const room = openRoom(model);
  return itemAt((room?.jump ?? room?.tail)?.items ?? [], seq);
}

/** Leads to the composer, with the picture's message as the one to answer. */
function ReplyButton({ seq, onClose }: Pick<ViewerProps, "seq" | "onClose">) {
  const { chat, texts } = usePage();
  const mayReply = useModelValue((model) => {
    const isHere = itemIn(model, seq) !== undefined;
    return isHere && rightsIn(model, openRoom(model), Date.now()).mayPost;
  });
  if (!mayReply) return null;
  const reply = () => {
    const { open = "", drafts } = chat.model;
    const key = postTarget(chat.model, open);
    chat.actions.setDraft(key, startReply(drafts.get(key) ?? { text: "" }, seq));
    onClose();
    requestAnimationFrame(() =>
      document.querySelector<HTMLElement>("main .composer textarea")?.focus(),
    );
  };
  return (
    <button type="button" className="viewer-action" onClick={reply}>
      <Icon name="reply" />
      {texts.reply}
    </button>
  );
}

function ReactButton({ seq }: Pick<ViewerProps, "seq">) {
  const page = usePage();
  const { chat, texts } = page;
  const mayReact = useModelValue((model) => {
    const isHere = itemIn(model, seq) !== undefined;
    return isHere && rightsIn(model, openRoom(model), Date.now()).mayReact;
  });
  if (!mayReact) return null;
  const react = (sign: string) => {
    const item = itemIn(chat.model, seq);
    if (item !== undefined) chat.actions.react(item, sign);
  };
  return (
    <button
      type="button"
      className="viewer-action"
      onClick={() => pickEmoji(page, { title: texts.react, onChoose: react })}
    >
      <Icon name="react" />
      {texts.react}
    </button>
  );
}

interface LargePictureProps {
  readonly file: FileView;
  readonly zoom: number;
  readonly onZoom?: () => void;
}

function LargePicture({ file, zoom, onZoom }: LargePictureProps) {
  const page = usePage();
  const { texts } = page;
  const previews = getPreviews(page);
  const task = useTask();
  const [picture, setPicture] = useState<Picture | "none" | undefined>(previews.get(file.file));
  const image = useRef<HTMLImageElement>(null);
  const [fitPx, setFitPx] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched once per picture
  useEffect(() => {
    const stop = new AbortController();
    let original: Picture | undefined;
    const revoke = () => original && URL.revokeObjectURL(original.url);
    task.run(async () => {
      if (previews.get(file.file)?.isOriginal === true) return;
      original = await previews.original(file, stop.signal);
      if (stop.signal.aborted) revoke();
      else setPicture(original ?? "none");
    });
    return () => {
      stop.abort(new Fault("interrupted", "the viewer was closed"));
      revoke();
    };
  }, []);
  const measure = () => {
    if (zoom === 1) setFitPx(image.current?.getBoundingClientRect().width ?? 0);
  };
  const [isOther, setOther] = useState(false);
  const loaded = () => {
    measure();
    const preview = previews.get(file.file);
    const isCompared = file.preview !== undefined && typeof picture === "object";
    if (!isCompared || preview === undefined || preview === picture || !image.current) return;
    isSamePicture(image.current, preview.url).then(
      (isSame) => setOther(!isSame),
      () => undefined, // The browser reports a picture that it can't decode by `onError`.
    );
  };
  const isZoomed = zoom > 1 && fitPx > 0;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll a large picture
    <div className={isZoomed ? "viewer-picture is-zoomed" : "viewer-picture"} tabIndex={0}>
      {typeof picture === "object" ? (
        <img
          ref={image}
          src={picture.url}
          alt={texts.picture(cleanText(file.name))}
          style={isZoomed ? { width: `${fitPx * zoom}px` } : {}}
          onLoad={loaded}
          onError={() => setPicture("none")}
          onDoubleClick={onZoom}
        />
      ) : null}
      {picture === "none" ? <p>{texts.notAnImage}</p> : null}
      {isOther ? (
        <Announced kind="notice" className="viewer-warning">
          {texts.previewDiffers}
        </Announced>
      ) : null}
      {task.isBusy && picture === undefined ? <p>…</p> : null}
      <FaultLine fault={task.fault} />
    </div>
  );
}
