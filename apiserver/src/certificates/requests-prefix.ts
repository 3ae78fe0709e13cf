import { certificatesGroup } from '@river/runtime';
import { resourcePrefix } from '../object/object-key.ts';

export const requestsPrefix = resourcePrefix(certificatesGroup, 'certificatesigningrequests');
