/** A file to be read: in JupyterLab's own editor where it is there, else as it is. */
import { CodeEditor } from '@jupyterlab/codeeditor';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import { createContext, useContext, useEffect, useRef } from 'react';
import { useRoom } from '../../parts/room';

const EditorsContext = createContext<IEditorServices | null>(null);
export const EditorsProvider = EditorsContext.Provider;

/** An editor lays all of its lines out; a longer text stays plain. */
const EDITED_AT_MOST = 300_000;

export function Source({ path, text }: { path: string; text: string }): JSX.Element {
  const { trans } = useRoom();
  const editors = useContext(EditorsContext);
  const frame = useRef<HTMLDivElement>(null);
  const drawn = editors !== null && text.length <= EDITED_AT_MOST;

  useEffect(() => {
    const node = frame.current;
    if (!drawn || node === null) {
      return undefined;
    }
    const model = new CodeEditor.Model({ mimeType: editors.mimeTypeService.getMimeTypeByFilePath(path) });
    model.sharedModel.setSource(text);
    const editor = editors.factoryService.newDocumentEditor({
      host: node,
      model,
      config: { readOnly: true, lineNumbers: true, lineWrap: false, scrollPastEnd: false } // what follows it is near
    });
    node.querySelector('.cm-content')?.setAttribute('aria-label', trans.__('Code of %1', path));
    return () => {
      editor.dispose();
      model.dispose();
      node.textContent = '';
    };
  }, [drawn, editors, path, text, trans]);

  return drawn ? (
    <div ref={frame} className="jp-Training-source" />
  ) : (
    <pre className="jp-Training-source" tabIndex={0}>
      {text}
    </pre>
  );
}
