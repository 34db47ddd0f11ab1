// From the URI of a shared place to its objects.
import { openFileObjects } from './file-objects.ts';
import { type ObjectSettings, type ObjectStore, parseObjectUri } from './object-store.ts';

/** Errors: REQUEST_INVALID for what is no such URI; DEPENDENCY_MISSING for S3 without its client. */
export async function openObjects(uri: string, settings: ObjectSettings = {}): Promise<ObjectStore> {
  const { kind, root, prefix } = parseObjectUri(uri);
  if (kind === 'file') return openFileObjects(root);
  const { openS3Objects } = await import('./s3-objects.ts');
  return openS3Objects({ bucket: root, prefix, ...settings });
}
