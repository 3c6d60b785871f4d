"""What the presenters of both modules share: the board they publish on, what they ask for, who one can work as."""
