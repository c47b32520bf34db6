/** Code that comes when a view is first shown; what never comes is said in the view's place. */
import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * Wait for what a view needs; null when it can't be had, and then the view says so.
 *
 * A page that was opened before an update asks for files that are gone, and a lost connection brings none.
 */
export async function arrive<T>(node: HTMLElement, trans: TranslationBundle, parts: Promise<T>): Promise<T | null> {
  try {
    const all = await parts;
    node.querySelector(':scope > .jp-Training-absent')?.remove();
    return all;
  } catch (error) {
    if (node.childElementCount > 0) {
      return null; // said already, or drawn meanwhile
    }
    const words = document.createElement('p');
    words.className = 'jp-Training-absent';
    words.setAttribute('role', 'alert');
    words.title = String(error);
    words.textContent = trans.__('This view could not be loaded. The server may be away, or the extension was updated: reload the page.');
    node.append(words);
    return null;
  }
}
