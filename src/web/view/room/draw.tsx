/** Drawing on a photo, which goes back as a picture of its own. */

import { type PointerEvent, useEffect, useRef, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import { cleanText, stemOf } from "../../../base/text.ts";
import type { FileView } from "../../../core/model/state.ts";
import {
  addPoint,
  type Drawing,
  NO_DRAWING,
  NO_ZOOM,
  type Point,
  pinched,
  redone,
  startStroke,
  undone,
  withoutLast,
} from "../../../ui/desk/drawing.ts";
import { STAMPS, type Stamp } from "../../../wire/messages.ts";
import { getPreviews } from "../files/scale.ts";
import { Button } from "../shell/button.tsx";
import { FaultLine, usePage, useTask } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { listen } from "../shell/effects.ts";
import { IconButton } from "../shell/icons.tsx";
import { useDeskTexts } from "./desk-texts.ts";
import { STAMP_ICONS } from "./stamp.tsx";

const PENS = ["red", "blue", "green"] as const;
/** As in desk.css: a pen writes on photos, so it is the same in both themes. */
const PEN_COLOURS = { red: "#d0271d", blue: "#1d4f91", green: "#0b6e4f" } as const;
const RIM_COLOUR = "rgb(255 255 255 / 85%)";
const SIDE_MAX = 2_048;
/** Lines of this part of the longer side are read on a phone. */
const WIDTH_PART = 1 / 200;
const QUALITY = 0.88;
/** The sign of the other one is that of taking back. */
const PHOTO_STAMPS = STAMPS.filter((stamp) => stamp !== "again");
/** Height of a stamp's letters as a part of the longer side. */
const STAMP_PART = 1 / 32;
const STAMP_ANGLE = (-3 * Math.PI) / 180;

interface DrawProps {
  readonly file: FileView;
  readonly onSend: (picture: File) => void;
  readonly onClose: () => void;
}

/** Loads the picture at the size in which it is sent back. */
async function loadPicture(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

function paint(canvas: HTMLCanvasElement, image: HTMLImageElement, { strokes }: Drawing): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  context.lineCap = "round";
  context.lineJoin = "round";
  const width = Math.max(3, Math.max(canvas.width, canvas.height) * WIDTH_PART);
  for (const { pen, points, word } of strokes) {
    const [first] = points;
    if (first === undefined) continue;
    if (word !== undefined) {
      paintStamp(context, word, PEN_COLOURS[PENS[pen] ?? "red"], first);
      continue;
    }
    const path = new Path2D();
    path.moveTo(first.x * canvas.width, first.y * canvas.height);
    for (const { x, y } of points) path.lineTo(x * canvas.width, y * canvas.height);
    for (const [colour, times] of [
      [RIM_COLOUR, 1.8],
      [PEN_COLOURS[PENS[pen] ?? "red"], 1],
    ] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width * times;
      context.stroke(path);
    }
  }
}

/** A word in a frame, pressed on the photo at a slight angle. */
function paintStamp(
  context: CanvasRenderingContext2D,
  word: string,
  colour: string,
  { x, y }: Point,
): void {
  const { width, height } = context.canvas;
  const size = Math.max(width, height) * STAMP_PART;
  context.save();
  context.translate(x * width, y * height);
  context.rotate(STAMP_ANGLE);
  context.font = `700 ${size}px sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const [halfWidth, halfHeight] = [context.measureText(word).width / 2 + size / 2, size * 0.85];
  context.beginPath();
  context.roundRect(-halfWidth, -halfHeight, 2 * halfWidth, 2 * halfHeight, size / 3);
  context.fillStyle = RIM_COLOUR;
  context.fill();
  context.strokeStyle = colour;
  context.lineWidth = size / 8;
  context.stroke();
  context.fillStyle = colour;
  context.fillText(word, 0, 0);
  context.restore();
}

function pictureFile(canvas: HTMLCanvasElement, name: string): Promise<File> {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        if (blob === null) reject(new Fault("interrupted", "the browser made no picture"));
        else resolve(new File([blob], name, { type: blob.type }));
      },
      "image/jpeg",
      QUALITY,
    );
  });
}

function nameOf({ name }: FileView): string {
  return `${stemOf(name)}-corrected.jpg`;
}

export function DrawPicture({ file, onSend, onClose }: DrawProps) {
  const page = usePage();
  const { texts: pageTexts } = page;
  const texts = useDeskTexts();
  const task = useTask();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [image, setImage] = useState<HTMLImageElement>();
  const [drawing, setDrawing] = useState<Drawing>(NO_DRAWING);
  const [pen, setPen] = useState(0);
  /** Pressed in place of lines. */
  const [stamp, setStamp] = useState<Stamp>();
  const [zoom, setZoom] = useState(NO_ZOOM);
  const pressed = useRef<number>(undefined);
  const fingers = useRef(new Map<number, Point>());
  // biome-ignore lint/correctness/useExhaustiveDependencies: loaded once
  useEffect(() => {
    const stop = new AbortController();
    task.run(async () => {
      const picture = await getPreviews(page).original(file, stop.signal);
      if (picture === undefined) throw new Fault("not-found", pageTexts.notAnImage);
      try {
        const loaded = await loadPicture(picture.url);
        if (!stop.signal.aborted) setImage(loaded);
      } finally {
        URL.revokeObjectURL(picture.url);
      }
    });
    return () => stop.abort(new Fault("interrupted", "the drawing was closed"));
  }, []);
  const scale = image && Math.min(1, SIDE_MAX / Math.max(image.naturalWidth, image.naturalHeight));
  useEffect(() => {
    if (canvas.current !== null && image !== undefined) paint(canvas.current, image, drawing);
  }, [image, drawing]);
  const pointAt = ({ clientX, clientY, currentTarget }: PointerEvent<HTMLCanvasElement>) => {
    const box = currentTarget.getBoundingClientRect();
    return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
  };
  const placeOf = ({ clientX: x, clientY: y }: PointerEvent<HTMLCanvasElement>) => ({ x, y });
  const press = (event: PointerEvent<HTMLCanvasElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, placeOf(event));
    if (fingers.current.size === 2 && pressed.current !== undefined) {
      pressed.current = undefined;
      setDrawing(withoutLast);
    }
    if (fingers.current.size > 1) return;
    pressed.current = event.pointerId;
    const point = pointAt(event);
    const word = stamp && texts.stamp(stamp);
    setDrawing((before) => startStroke(before, pen, point, word));
  };
  const move = (event: PointerEvent<HTMLCanvasElement>) => {
    const before = [...fingers.current.values()];
    if (!fingers.current.has(event.pointerId)) return;
    fingers.current.set(event.pointerId, placeOf(event));
    if (pressed.current === event.pointerId) {
      const point = pointAt(event);
      return setDrawing((drawn) => addPoint(drawn, point));
    }
    const after = [...fingers.current.values()];
    const frame = event.currentTarget.parentElement?.getBoundingClientRect();
    const [a, b] = before;
    const [c, d] = after;
    if (frame === undefined || !a || !b || !c || !d || after.length > 2) return;
    const inFrame = ({ x, y }: Point) => ({ x: x - frame.left, y: y - frame.top });
    const size = { x: frame.width, y: frame.height };
    const moved = [
      [inFrame(a), inFrame(b)],
      [inFrame(c), inFrame(d)],
    ] as const;
    setZoom((shown) => pinched(shown, ...moved, size));
  };
  const lift = ({ pointerId }: PointerEvent<HTMLCanvasElement>) => {
    fingers.current.delete(pointerId);
    pressed.current = undefined;
  };
  const isChanged = drawing.strokes.length > 0;
  const close = () => {
    if (!isChanged) return onClose();
    confirm(page, {
      title: texts.discardAsk,
      text: texts.discardText,
      action: texts.discard,
      isDanger: true,
      onConfirm: onClose,
    });
  };
  const send = () => {
    task.run(async () => {
      if (canvas.current !== null) onSend(await pictureFile(canvas.current, nameOf(file)));
    });
  };
  const keys = useRef<(event: KeyboardEvent) => void>(undefined);
  keys.current = (event) => {
    if (document.querySelector("dialog[open]") !== null) return;
    const key = event.key.toLowerCase();
    const isControl = event.ctrlKey || event.metaKey;
    if (isControl && key === "z" && !event.shiftKey) setDrawing(undone);
    else if (isControl && (key === "y" || key === "z")) setDrawing(redone);
    else if (key === "escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  useEffect(
    () =>
      listen(window, "keydown", (event: KeyboardEvent) => keys.current?.(event), { capture: true }),
    [],
  );
  return (
    <div className="desk-draw">
      {image === undefined || scale === undefined ? (
        <p>…</p>
      ) : (
        <div className="desk-canvas">
          <canvas
            ref={canvas}
            width={Math.round(image.naturalWidth * scale)}
            height={Math.round(image.naturalHeight * scale)}
            style={{ transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})` }}
            role="img"
            aria-label={pageTexts.picture(cleanText(file.name))}
            onPointerDown={press}
            onPointerMove={move}
            onPointerUp={lift}
            onPointerCancel={lift}
          />
        </div>
      )}
      <FaultLine fault={task.fault} />
      <div className="desk-pens" role="toolbar" aria-label={texts.pens}>
        {PENS.map((name, i) => (
          <button
            key={name}
            type="button"
            className={`desk-pen is-${name}`}
            aria-label={texts.pen(name)}
            title={texts.pen(name)}
            aria-pressed={pen === i}
            onClick={() => setPen(i)}
          />
        ))}
        {PHOTO_STAMPS.map((one) => (
          <IconButton
            key={one}
            icon={STAMP_ICONS[one]}
            label={texts.pressStamp(texts.stamp(one))}
            isPressed={stamp === one}
            onPress={() => setStamp(stamp === one ? undefined : one)}
          />
        ))}
        <IconButton
          icon="again"
          label={texts.undo}
          isDisabled={!isChanged}
          onPress={() => setDrawing(undone)}
        />
        <IconButton
          icon="again"
          className="is-turned"
          label={texts.redo}
          isDisabled={drawing.undone.length === 0}
          onPress={() => setDrawing(redone)}
        />
        <IconButton icon="close" label={pageTexts.close} onPress={close} />
        <Button variant="main" disabled={!isChanged || task.isBusy} onClick={send}>
          {texts.sendBack}
        </Button>
      </div>
    </div>
  );
}
