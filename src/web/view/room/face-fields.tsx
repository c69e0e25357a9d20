/** Part of a form that chooses the face of a room: its tile, marks and colours. */

import { type ReactNode, useEffect, useState } from "react";
import { ROOM_CHALKS } from "../../../base/limits.ts";
import { isMark } from "../../../base/room-marks.ts";
import { ENGLISH_FACES, type FaceTexts } from "../../../ui/messages/en/faces.ts";
import { INDONESIAN_FACES } from "../../../ui/messages/id/faces.ts";
import { initialsOf } from "../../../ui/text/initials.ts";
import { suggestedMarks } from "../../../ui/text/room-mark-suggestions.ts";
import type { RoomFace } from "../../../wire/messages.ts";
import { pickEmoji } from "../emoji/button.tsx";
import { usePage } from "../shell/context.tsx";
import { Field } from "../shell/form.tsx";
import { Icon } from "../shell/icons.tsx";
import { RadioTiles } from "../shell/radio-tiles.tsx";
import { chalkStyle } from "./chalk.ts";
import { RoomMark, type Tiled } from "./tile.tsx";

export function useFaceTexts(): FaceTexts {
  return usePage().texts.lang === "id" ? INDONESIAN_FACES : ENGLISH_FACES;
}

/** A pause in typing after which the suggestions follow the name. */
const TYPING_MS = 300;

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const wait = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(wait);
  }, [value]);
  return settled;
}

interface StageProps {
  readonly line: Tiled;
  /** Colour of the tile; `undefined` until the room has an id. */
  readonly chalk: number | undefined;
  readonly title: string;
  readonly sub: string;
}

/** The tile as others will see it. */
export function FaceStage({ line, chalk, title, sub }: StageProps) {
  return (
    <div className="face-stage">
      <span
        className={chalk === undefined ? "tile tile-plain" : "tile"}
        style={chalk === undefined ? undefined : chalkStyle(chalk)}
        aria-hidden="true"
      >
        <RoomMark {...line} />
      </span>
      <p className="face-stage-name" dir="auto">
        {title}
      </p>
      <p className="face-stage-sub">{sub}</p>
    </div>
  );
}

interface FaceFieldsProps {
  readonly name: string;
  readonly face: RoomFace;
  readonly onChange: (face: RoomFace) => void;
  /** Sign of the kind of room. */
  readonly sign: ReactNode;
  /** Colour without a choice; `undefined` until the room has an id. */
  readonly chalk: number | undefined;
}

const SIGN = "";
/** Tile whose text the field below it has. */
const LETTERS = "letters";

export function FaceFields({ name, face, onChange, sign, chalk }: FaceFieldsProps) {
  const page = usePage();
  const texts = useFaceTexts();
  const suggested = suggestedMarks(useSettled(name));
  const [typed, setTyped] = useState<string | undefined>(
    isLetters(face.mark) ? face.mark : undefined,
  );
  const { mark = SIGN } = face;
  const letters = typed?.trim() ?? "";
  const isWritten = typed !== undefined && (mark === letters || mark === SIGN);
  const isWrong = letters !== "" && !isMark(letters);
  const others = mark === SIGN || isLetters(mark) || suggested.includes(mark) ? [] : [mark];
  const choose = (chosen: string) => {
    if (chosen !== LETTERS) {
      setTyped(undefined);
      return onChange({ ...face, mark: chosen === SIGN ? undefined : chosen });
    }
    write(initialsOf(name));
  };
  const write = (text: string) => {
    setTyped(text);
    onChange({ ...face, mark: isMark(text.trim()) ? text.trim() : undefined });
  };
  const pickOther = () => pickEmoji(page, { title: texts.allEmoji, onChoose: choose });
  const emoji = [...others, ...suggested].slice(0, suggested.length);
  return (
    <>
      <h3>{texts.face}</h3>
      <div className="face-grid">
        <RadioTiles
          label={texts.face}
          className="face-radios"
          tileClass="face-cell"
          tiles={[
            ...emoji.map((one) => ({ value: one, content: one })),
            { value: LETTERS, label: texts.letters, className: "is-plain", content: "Aa" },
            { value: SIGN, label: texts.sign, className: "is-plain", content: sign },
          ]}
          value={isWritten ? LETTERS : mark}
          onChoose={choose}
        />
        <button
          type="button"
          className="face-cell is-plain"
          aria-label={texts.allEmoji}
          title={texts.allEmoji}
          onClick={pickOther}
        >
          <Icon name="smile" />
        </button>
      </div>
      {typed === undefined ? null : (
        <Field
          id="face-letters"
          label={texts.lettersOf}
          value={typed}
          onChange={write}
          fault={isWrong ? texts.lettersWrong : undefined}
        />
      )}
      <h3>{texts.colour}</h3>
      <RadioTiles
        label={texts.colour}
        className="swatches"
        tileClass="swatch"
        tiles={Array.from({ length: ROOM_CHALKS }, (_, index) => ({
          value: index + 1,
          label: texts.colours[index],
          style: chalkStyle(index + 1),
          content: <Icon name="check" />,
        }))}
        value={face.chalk ?? chalk}
        onChoose={(chosen) => onChange({ ...face, chalk: chosen })}
      />
    </>
  );
}

function isLetters(mark: string | undefined): boolean {
  return mark !== undefined && /^[\p{L}\p{Nd}]/u.test(mark) && !/\u20e3$/u.test(mark);
}
