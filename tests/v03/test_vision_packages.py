"""What packages for images of 2017 and 2018 relied on: copies of DataLoader, graphs walked by hand, files, hooks."""

import pytest

import flambeau.v03 as torch


def test_saving_into_a_folder_that_is_not_there_is_an_error_of_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*absent.*net\.pt'"):
        torch.save(torch.ones(2), str(tmp_path / "absent" / "net.pt"))
