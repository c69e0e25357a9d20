/** Group of tiles of which one is chosen: a tap chooses, arrow keys move on, and Tab leaves. */

import type { CSSProperties, KeyboardEvent, ReactNode } from "react";

export interface RadioTile<Value> {
  readonly value: Value;
  /** Name of a tile without a text. */
  readonly label?: string | undefined;
  readonly className?: string | undefined;
  readonly style?: CSSProperties;
  readonly content?: ReactNode;
}

interface RadioTilesProps<Value> {
  readonly label: string;
  readonly className: string;
  readonly tileClass: string;
  readonly tiles: readonly RadioTile<Value>[];
  /** `undefined` if none is chosen. */
  readonly value: Value | undefined;
  readonly onChoose: (value: Value) => void;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
};

export function RadioTiles<Value extends string | number>(props: RadioTilesProps<Value>) {
  const { label, className, tileClass, tiles, value, onChoose } = props;
  const chosen = tiles.findIndex((tile) => tile.value === value);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const step = STEPS[event.key];
    const at = [...event.currentTarget.children].indexOf(event.target as HTMLElement);
    if (step === undefined || at < 0 || at >= tiles.length) return;
    event.preventDefault();
    const next = (at + step + tiles.length) % tiles.length;
    const tile = event.currentTarget.children[next];
    if (tile instanceof HTMLElement) tile.focus();
    const chosenTile = tiles[next];
    if (chosenTile !== undefined) onChoose(chosenTile.value);
  };
  return (
    <div className={className} role="radiogroup" aria-label={label} onKeyDown={onKeyDown}>
      {tiles.map((tile, index) => (
        // biome-ignore lint/a11y/useSemanticElements: a tile with a picture
        <button
          key={tile.value}
          type="button"
          role="radio"
          className={tile.className === undefined ? tileClass : `${tileClass} ${tile.className}`}
          style={tile.style}
          aria-label={tile.label}
          title={tile.label}
          aria-checked={index === chosen}
          tabIndex={index === Math.max(0, chosen) ? 0 : -1}
          onClick={() => onChoose(tile.value)}
        >
          {tile.content}
        </button>
      ))}
    </div>
  );
}
