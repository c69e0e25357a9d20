/** Full-window viewer of pictures, media, documents and texts. */

import { type PointerEvent, useEffect, useRef, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import { cleanText } from "../../../base/text.ts";
import { isIgnored, openRoom } from "../../../core/model/selectors.ts";
import type { FileView, Model } from "../../../core/model/state.ts";
import { isPdf, mediaType } from "../../browser/media.ts";
import { getPreviews, type Picture, PREVIEW_BYTES_MAX } from "../../transfer/previews.ts";
import { FaultLine, useFact, useWork } from "../shell/context.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { listen } from "../shell/effects.ts";
import { usePartPage } from "../shell/full-page.ts";
import { IconButton } from "../shell/icons.tsx";

/** Maximum size of a text shown in the dialog. */
const TEXT_SHOWN_MAX = 1024 * 1024;
const ZOOM_MAX = 8;
/** Distance of a swipe to the next picture, in pixels. */
const SWIPE_PX = 50;

export interface ViewerProps {
  readonly file: FileView;
  readonly onClose: () => void;
}

/** Shows a file inside the page. Nothing in it runs: the name's type decides, never the content. */
export function Viewer({ file, onClose }: ViewerProps) {
  const media = mediaType(file.name);
  if (media?.kind === "image") return <PictureViewer file={file} onClose={onClose} />;
  return (
    <Dialog title={cleanText(file.name)} onClose={onClose} className="viewer">
      {media?.kind === "text" ? <TextView file={file} /> : <MediaView file={file} />}
    </Dialog>
  );
}

function TextView({ file }: { readonly file: FileView }) {
  const { chat, texts } = usePartPage();
  const work = useWork();
  const [text, setText] = useState<string | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched once
  useEffect(() => {
    const stop = new AbortController();
    work.run(async () => {
      const options = { digest: file.digest, signal: stop.signal };
      const bytes = await chat.preview(file.file, PREVIEW_BYTES_MAX, options);
      const decoded = new TextDecoder().decode(bytes.subarray(0, TEXT_SHOWN_MAX));
      setText(cleanText(decoded, { lines: true, tabs: true }));
    });
    return () => stop.abort(new Fault("interrupted", "it is not looked at any more"));
  }, []);
  return (
    <>
      {text === "" ? <p className="hint">{texts.emptyText}</p> : null}
      {text === undefined || text === "" ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keys
        <pre dir="auto" tabIndex={0}>
          {text}
        </pre>
      )}
      {work.isBusy ? <p role="status">…</p> : null}
      <FaultLine fault={work.fault} />
    </>
  );
}

/**
 * URL of the file: on the server, which streams it under a policy that forbids scripts; or of a
 * sealed room, a blob that the page has fetched as a whole. The blob has the page's policy, and a
 * type by its name that is never HTML.
 */
function useAddress(file: FileView) {
  const { chat } = usePartPage();
  const work = useWork();
  const [address, setAddress] = useState<string | undefined>(undefined);
  const [isWrong, setWrong] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked for once
  useEffect(() => {
    const stop = new AbortController();
    let made: string | undefined;
    work.run(async () => {
      if (file.isSealed !== true) {
        const path = await chat.downloadPath(file.file);
        return setAddress(`${path}?view`);
      }
      const options = { digest: file.digest, signal: stop.signal };
      const bytes = await chat.preview(file.file, PREVIEW_BYTES_MAX, options);
      if (stop.signal.aborted) return;
      const { mime = "", kind } = mediaType(file.name) ?? {};
      if (kind === "document" && !isPdf(bytes)) return setWrong(true);
      made = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: mime }));
      setAddress(made);
    });
    return () => {
      stop.abort(new Fault("interrupted", "it is not looked at any more"));
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, []);
  return { address, work, isWrong, wrong: () => setWrong(true) };
}

function MediaView({ file }: { readonly file: FileView }) {
  const { texts } = usePartPage();
  const { address, work, isWrong, wrong } = useAddress(file);
  const name = cleanText(file.name);
  const { kind } = mediaType(file.name) ?? {};
  return (
    <>
      {address !== undefined && kind === "sound" ? (
        // biome-ignore lint/a11y/useMediaCaption: files of users have none
        <audio controls src={address} aria-label={name} onError={wrong} />
      ) : null}
      {address !== undefined && kind === "video" ? (
        // biome-ignore lint/a11y/useMediaCaption: files of users have none
        <video controls src={address} aria-label={name} onError={wrong} />
      ) : null}
      {address !== undefined && kind === "document" ? <iframe src={address} title={name} /> : null}
      {isWrong ? (
        <p role="alert">{kind === "document" ? texts.noDocument : texts.notPlayed}</p>
      ) : null}
      {work.isBusy ? <p role="status">…</p> : null}
      <FaultLine fault={work.fault} />
    </>
  );
}

interface Shown {
  readonly file: FileView;
  readonly text: string;
}

/** Loaded pictures of the open room. */
function picturesOf(model: Model): readonly Shown[] {
  const room = openRoom(model);
  const { items = [] } = room?.jump ?? room?.tail ?? {};
  return items.flatMap(({ file, state, from, text }) => {
    if (file === undefined || state !== "whole" || isIgnored(model, from)) return [];
    const isPicture = mediaType(file.name)?.kind === "image" && file.folder === undefined;
    return isPicture && file.size <= PREVIEW_BYTES_MAX ? [{ file, text }] : [];
  });
}

interface Neighbours {
  readonly shown: Shown;
  /** Position from 1; 0 if the picture was erased. */
  readonly at: number;
  readonly count: number;
  /** Whether older pictures may not be loaded yet. */
  readonly isMore: boolean;
  readonly go: (by: 1 | -1) => void;
}

function useNeighbours(first: FileView): Neighbours {
  const { chat } = usePartPage();
  const model = useFact((whole) => whole);
  const pictures = picturesOf(model);
  const [id, setId] = useState<string>(first.file);
  const [isWaiting, setWaiting] = useState(false);
  const index = pictures.findIndex(({ file }) => file.file === id);
  const room = openRoom(model);
  const { hasOlder = false } = room?.jump ?? room?.tail ?? {};
  const isLoading = room?.loading !== undefined;
  const before = pictures[index - 1]?.file.file;
  // At the first loaded picture, load older messages up to the previous picture.
  useEffect(() => {
    if (!isWaiting) return;
    if (before !== undefined) {
      setWaiting(false);
      setId(before);
    } else if (!hasOlder || index < 0) setWaiting(false);
    else if (!isLoading) chat.loadMore("older");
  }, [chat, isWaiting, before, hasOlder, isLoading, index]);
  const go = (by: 1 | -1) => {
    const next = pictures[index + by];
    if (index >= 0 && next !== undefined) setId(next.file.file);
    else if (by < 0 && hasOlder) setWaiting(true);
  };
  const last = useRef<Shown>({ file: first, text: "" });
  const shown = pictures[index] ?? last.current;
  last.current = shown;
  return { shown, at: index + 1, count: pictures.length, isMore: hasOlder, go };
}

/** A picture as large as the window; arrow keys and swipes show the room's others. */
function PictureViewer({ file: first, onClose }: ViewerProps) {
  const { texts, chat } = usePartPage();
  const { shown, at, count, isMore, go } = useNeighbours(first);
  const { file, text } = shown;
  const [zoom, setZoom] = useState(1);
  const zoomBy = (factor: number) =>
    setZoom((now) => Math.min(ZOOM_MAX, Math.max(1, now * factor)));
  const move = (by: 1 | -1) => {
    setZoom(1);
    go(by);
  };
  const press = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    // Arrow keys pan an enlarged picture.
    if (event.key === "ArrowLeft" && zoom === 1) move(-1);
    else if (event.key === "ArrowRight" && zoom === 1) move(1);
    else if (event.key === "+" || event.key === "=") zoomBy(2);
    else if (event.key === "-") zoomBy(0.5);
    else if (event.key === "0") setZoom(1);
    else return;
    event.preventDefault();
  };
  const pressed = useRef(press);
  pressed.current = press;
  // On the window, wherever the focus is: nothing outside of the dialog can have it.
  useEffect(() => {
    return listen(window, "keydown", (event: KeyboardEvent) => pressed.current(event));
  }, []);
  const touched = useRef<{ readonly x: number; readonly y: number }>(undefined);
  const onPointerDown = ({ pointerType, isPrimary, clientX: x, clientY: y }: PointerEvent) => {
    touched.current = pointerType === "touch" && isPrimary && zoom === 1 ? { x, y } : undefined;
  };
  const onPointerUp = ({ clientX, clientY }: PointerEvent) => {
    const from = touched.current;
    if (from === undefined) return;
    touched.current = undefined;
    const [x, y] = [clientX - from.x, clientY - from.y];
    if (Math.abs(x) >= SWIPE_PX && Math.abs(x) > 2 * Math.abs(y)) move(x < 0 ? 1 : -1);
  };
  const name = cleanText(file.name);
  return (
    <Dialog title={name} onClose={onClose} className="viewer is-picture">
      <div className="viewer-stage" onPointerDown={onPointerDown} onPointerUp={onPointerUp}>
        <div className="viewer-tools">
          <IconButton
            icon="back"
            label={texts.previousPicture}
            isDisabled={at <= 1 && !isMore}
            onPress={() => move(-1)}
          />
          <IconButton
            icon="back"
            className="is-turned"
            label={texts.nextPicture}
            isDisabled={at === 0 || at >= count}
            onPress={() => move(1)}
          />
          <span role="status">
            {at === 0 ? "" : texts.pictureAt(at, isMore ? `${count}+` : `${count}`)}
          </span>
          <IconButton
            icon="minus"
            label={texts.zoomOut}
            isDisabled={zoom <= 1}
            onPress={() => zoomBy(0.5)}
          />
          <IconButton
            icon="plus"
            label={texts.zoomIn}
            isDisabled={zoom >= ZOOM_MAX}
            onPress={() => zoomBy(2)}
          />
          <IconButton
            icon="down"
            label={texts.saveFile(name)}
            onPress={() => chat.download(file.file, file.name)}
          />
        </div>
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
      </div>
    </Dialog>
  );
}

interface LargePictureProps {
  readonly file: FileView;
  readonly zoom: number;
  readonly onZoom: () => void;
}

function LargePicture({ file, zoom, onZoom }: LargePictureProps) {
  const page = usePartPage();
  const { texts } = page;
  const previews = getPreviews(page);
  const work = useWork();
  const [picture, setPicture] = useState<Picture | "none" | undefined>(previews.get(file.file));
  const image = useRef<HTMLImageElement>(null);
  /** Width at which the whole picture is visible. */
  const [fitPx, setFitPx] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched once for each
  useEffect(() => {
    const { result, release: leave } = previews.request(file);
    work.run(async () => setPicture((await result) ?? "none"));
    return leave;
  }, []);
  const measure = () => {
    if (zoom === 1) setFitPx(image.current?.getBoundingClientRect().width ?? 0);
  };
  const isZoomed = zoom > 1 && fitPx > 0;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a large picture is scrolled by keys
    <div className={isZoomed ? "viewer-picture is-zoomed" : "viewer-picture"} tabIndex={0}>
      {typeof picture === "object" ? (
        <img
          ref={image}
          src={picture.url}
          alt={texts.picture(cleanText(file.name))}
          style={isZoomed ? { width: `${fitPx * zoom}px` } : {}}
          onLoad={measure}
          onError={() => setPicture("none")}
          onDoubleClick={onZoom}
        />
      ) : null}
      {picture === "none" ? <p>{texts.noPicture}</p> : null}
      {work.isBusy && picture === undefined ? <p role="status">…</p> : null}
      <FaultLine fault={work.fault} />
    </div>
  );
}
