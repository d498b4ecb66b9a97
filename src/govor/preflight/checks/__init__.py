"""govor's checks; of equal cost, the order of the imports is the order in which they run."""

from govor.preflight.checks import texts as texts  # isort: skip
from govor.preflight.checks import styles as styles  # isort: skip
from govor.preflight.checks import languages as languages  # isort: skip
from govor.preflight.checks import splits as splits  # isort: skip
from govor.preflight.checks import sources as sources  # isort: skip
from govor.preflight.checks import agreement as agreement  # isort: skip
from govor.preflight.checks import clips as clips  # isort: skip
from govor.preflight.checks import vocabulary as vocabulary  # isort: skip
from govor.preflight.checks import lengths as lengths  # isort: skip
from govor.preflight.checks import recipe as recipe  # isort: skip
from govor.preflight.checks import rates as rates  # isort: skip
from govor.preflight.checks import disk as disk  # isort: skip
from govor.preflight.checks import baseline as baseline  # isort: skip
from govor.preflight.checks import learning as learning  # isort: skip
from govor.preflight.checks import keeping as keeping  # isort: skip
from govor.preflight.checks import resources as resources  # isort: skip
