/**
 * What every page has loaded before it fetches a part. Each fetched part imports this: the bundler
 * then makes one file of it, not one for each combination of parts that share something. One file
 * compresses better. The page's entry stays a second, small file.
 */
import "../browser/browser.ts";
import "../driver/chat.ts";
import "./app.tsx";
