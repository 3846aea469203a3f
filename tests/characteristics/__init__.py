"""How often good versions are stopped and how quickly bad ones are: measured, then published."""
