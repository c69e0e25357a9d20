/** Unread badge on the tab's icon and on the installed app. */

import { useEffect } from "react";
import { ifPossible } from "../../../io/promises.ts";
import { whenSettled } from "../shell/effects.ts";

const SIZE = 64;
const RED = "#d22";
const GREY = "#777";
const COUNT_MAX = 99;

function icon(): HTMLLinkElement | null {
  return document.querySelector<HTMLLinkElement>("link[rel=icon]");
}

async function drawIcon(address: string, mentions: number): Promise<string | undefined> {
  const picture = new Image(SIZE, SIZE);
  picture.src = address;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const context = canvas.getContext("2d");
  if (context === null) return undefined;
  context.drawImage(picture, 0, 0, SIZE, SIZE);
  const radius = mentions > 0 ? 20 : 13;
  context.fillStyle = mentions > 0 ? RED : GREY;
  context.beginPath();
  context.arc(SIZE - radius, radius, radius, 0, 2 * Math.PI);
  context.fill();
  if (mentions > 0) {
    const text = String(Math.min(mentions, COUNT_MAX));
    context.fillStyle = "#fff";
    context.font = `bold ${text.length > 1 ? 28 : 34}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, SIZE - radius, radius + 2);
  }
  return canvas.toDataURL();
}

interface Badges {
  setAppBadge?(count: number): Promise<void>;
  clearAppBadge?(): Promise<void>;
}

function badge(mentions: number): void {
  const { navigator } = window as { navigator: Badges };
  const set = async () =>
    mentions > 0 ? navigator.setAppBadge?.(mentions) : navigator.clearAppBadge?.();
  void ifPossible(set());
}

export function Badge({ mentions: calls }: { readonly mentions: number }) {
  useEffect(() => {
    badge(calls);
    const link = icon();
    const address = link?.dataset["plain"] ?? link?.href;
    if (link === null || address === undefined) return;
    link.dataset["plain"] = address;
    return whenSettled(drawIcon(address, calls), (changed) => {
      if (changed !== undefined) link.href = changed;
    });
  }, [calls]);
  useEffect(
    () => () => {
      badge(0);
      const link = icon();
      if (link?.dataset["plain"] !== undefined) link.href = link.dataset["plain"];
    },
    [],
  );
  return null;
}
