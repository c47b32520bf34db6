"""What a person may say of a job on SageMaker, and what it comes to."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_training import settings as settings_module
from jupyter_training.backends.sagemaker.options import Options, Settled, read
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import (
    CheckpointPolicy,
    DataFile,
    Entry,
    EnvironmentWish,
    JobSpec,
    StartFrom,
)
from jupyter_training.core.resources import Pool, Resources
from jupyter_training.errors import InvalidSpec, UnknownPlugin
from jupyter_training.seams import registry
from jupyter_training.settings import Settings
from tests.backends.sagemaker.aws import ACCOUNT, ASSUMED, IMAGE, ROLE, SAVES, Aws, House

JOB = JobId("abcdefghij")


@pytest.mark.parametrize(
    ("said", "key", "words"),
    [
        ({"instnace": "ml.m5.large"}, "options.instnace", "there is no option 'instnace'. Did you mean 'instance'?"),
        ({"instance_type": "ml.m5.large"}, "options.instance_type", "Did you mean 'instance'?"),
        ({"instance_count": 2}, "options.instance_count", "Did you mean 'instances'?"),
        ({"use_spot_instances": True}, "options.use_spot_instances", "Did you mean 'spot'?"),
        ({"max_run": 3600}, "options.max_run", "Say timeout, which is the job's: timeout: 2h in a config"),
        ({"instances": 0}, "options.instances", "greater than or equal to 1"),
        ({"instances": "two"}, "options.instances", "it must be a whole number"),
        ({"spot": "perhaps"}, "options.spot", "it must be true or false"),
        ({"max_wait": "long"}, "options.max_wait", "'long' is not a duration. Write seconds, or e.g. 45s, 90m, 2h"),
        ({"inputs": {"train": {"url": "s3://b"}}}, "options.inputs.train.url", "Did you mean 'uri'?"),
        ({"inputs": {"train": {"uri": "s3://b", "mode": "Fast"}}}, "options.inputs.train.mode", "FastFile"),
        ({"inputs": {"train": {"mode": "File"}}}, "options.inputs.train.uri", "it is missing"),
        ({"launcher": "torchrn"}, "options.launcher", "Did you mean 'torchrun'?"),
        ({"max_cost": -1}, "options.max_cost", "greater than 0"),
        ({"tags": ["a"]}, "options.tags", "it must be a mapping"),
        ({"bucket": "s3://my-bucket/foo"}, "options.bucket", "only the bucket's name; the folder is prefix. Say my-"),
        ({"bucket": "My_Bucket"}, "options.bucket", "'My_Bucket' is no bucket's name in S3: it has 3 to 63 of a to z"),
        ({"bucket": "my..bucket"}, "options.bucket", "no bucket's name"),
        ({"bucket": "10.0.0.1"}, "options.bucket", "no bucket's name"),
        ({"bucket": "lb"}, "options.bucket", "no bucket's name"),
        ({"bucket": "s3://"}, "options.bucket", "no bucket's name"),
    ],
)
def test_a_mistake_names_its_key_and_what_is_meant(said: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        read(said)
    (problem,) = refused.value.errors
    assert key == problem.key
    assert words in str(refused.value)


def test_short_ways_of_saying_it() -> None:
    found = read({"max_wait": "2h30m", "subnets": "a, b", "inputs": {"train": "s3://b/x"}, "requirements": "req.txt"})
    assert 9000 == found.max_wait
    assert ("a", "b") == found.subnets
    assert ("s3://b/x", "File") == (found.inputs["train"].uri, found.inputs["train"].mode)
    assert "req.txt" == found.requirements
    assert read({"requirements": True}).requirements is True
    assert {"s3://lab", "s3://lab/", "my.lab-1"} == {
        read({"bucket": name}).bucket for name in ("s3://lab", "s3://lab/", "my.lab-1")
    }


def test_forms_are_made_from_a_schema_with_words() -> None:
    described = Options.model_json_schema()["properties"]
    assert [] == [name for name, one in described.items() if not one.get("description")]


class TestHome:
    """What holds for every job is said once, in the settings."""

    def test_a_job_says_more_than_the_home(self, tmp_path: Path, known: Aws) -> None:
        home = {"region": "eu-west-1", "bucket": "lab", "volume": 50, "tags": {"team": "a", "x": "1"}, "role": "Other"}
        house = House(tmp_path, **home)
        found = Settled.of(
            house.settled(house.spec(options={"volume": 70, "role_arn": ROLE, "tags": {"x": "2"}})).options
        )
        assert ("eu-west-1", "lab", 70, ROLE) == (found.region, found.bucket, found.volume, found.role_arn)
        assert {"team": "a", "x": "2"} == found.tags

    def test_a_default_of_the_home_that_is_none_is_told(self, tmp_path: Path, aws: Aws) -> None:
        house = House(tmp_path, volume="big")
        with pytest.raises(InvalidSpec, match="volume: it must be a whole number"):
            house.pool(house.spec())

    def test_file_environment_and_server(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "settings.toml").write_text('[sagemaker]\nrole = "A"\nregion = "us-east-1"\n')
        monkeypatch.setenv("JUPYTER_TRAINING_SAGEMAKER", '{"role": "B", "bucket": "b"}')
        assert {"role": "B", "region": "us-east-1", "bucket": "b"} == Settings.load(tmp_path).sagemaker
        assert "C" == Settings.load(tmp_path, sagemaker={"role": "C"}).sagemaker["role"]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('[sagemaker]\nrgion = "x"', "[sagemaker] has no key 'rgion'. Did you mean 'region'?"),
            ("sagemaker = 3", "sagemaker must be a table"),
            ('[sagemaker]\nfetch_limit = "x"', "sagemaker.fetch_limit must be a whole number"),
        ],
    )
    def test_a_mistake_in_the_file(self, tmp_path: Path, text: str, words: str) -> None:
        (tmp_path / "settings.toml").write_text(text)
        with pytest.raises(InvalidSpec) as refused:
            Settings.load(tmp_path)
        assert words in str(refused.value)

    def test_every_option_may_be_said_there(self) -> None:
        assert set(Options.model_fields) <= set(settings_module._SAGEMAKER)
        assert {"prices", "fetch_limit", "poll_every"} == set(settings_module._SAGEMAKER) - set(Options.model_fields)
        assert "sagemaker" in {one.name for one in fields(Settings)}


class TestPool:
    """A pool for each type of machine; spare capacity, another region and another profile make another one."""

    @pytest.mark.parametrize(
        ("said", "name"),
        [
            ({}, "ml.m5.large"),
            ({"spot": True}, "ml.m5.large-spot"),
            ({"region": "us-east-1"}, "ml.m5.large"),
            ({"region": "eu-west-1"}, "ml.m5.large-eu-west-1"),
            ({"spot": True, "profile": "lab"}, "ml.m5.large-spot-lab"),
        ],
    )
    def test_name(self, said: dict[str, Any], name: str, house: House, aws: Aws) -> None:
        pool = house.pool(house.spec(options=said))
        assert (name, "sagemaker", True) == (pool.name, pool.backend, pool.is_found)
        assert ("ml.m5.large", said.get("region", "us-east-1")) == (pool.options["instance"], pool.options["region"])
        assert said.get("profile") == pool.options.get("profile")

    def test_a_job_without_a_type_of_machine_is_asked_for_one(self, house: House, aws: Aws) -> None:
        with pytest.raises(
            InvalidSpec, match=r"options\.instance: it is missing: on what type of machine shall it run\?"
        ):
            house.wishes.pool({"spot": True})

    def test_a_pool_of_a_persons_own_says_what_its_jobs_do_not(self, house: House, known: Aws) -> None:
        spec = house.spec(SAVES)
        spec = spec.model_copy(update={"options": {"image": IMAGE}})
        pool = Pool("lab", "sagemaker", 2, options={"instance": "ml.g5.xlarge", "spot": True, "region": "eu-west-1"})
        found = Settled.of(house.wishes.settled(spec, pool).options)
        assert ("ml.g5.xlarge", True, "eu-west-1") == (found.instance, found.spot, found.region)

    @pytest.mark.parametrize(
        ("said", "key"),
        [({"instance": "ml.m5.large"}, "options.instance"), ({"spot": False}, "options.spot"),
         ({"region": "us-east-1"}, "options.region")],
    )  # fmt: skip
    def test_a_job_that_says_otherwise_than_its_pool(
        self, said: dict[str, Any], key: str, house: House, aws: Aws
    ) -> None:
        spec = house.spec(SAVES).model_copy(update={"options": {"image": IMAGE, **said}})
        pool = Pool("lab", "sagemaker", 2, options={"instance": "ml.g5.xlarge", "spot": True, "region": "eu-west-1"})
        with pytest.raises(InvalidSpec, match="the pool 'lab' is for") as refused:
            house.wishes.settled(spec, pool)
        assert key == refused.value.errors[0].key

    def test_a_found_pool_of_another_region_is_not_taken_silently(self, house: House, aws: Aws) -> None:
        pool = replace(
            house.pool(house.spec()), options={"instance": "ml.m5.large", "spot": False, "region": "eu-west-1"}
        )
        with pytest.raises(InvalidSpec, match="is for region eu-west-1, and the job is for us-east-1"):
            house.wishes.settled(house.spec(), pool)


class TestSettled:
    """A settled spec has all that a launch needs."""

    def test_everything_is_there(self, house: House, known: Aws) -> None:
        spec = house.settled(house.spec(options={"instances": 2}))
        found = Settled.of(spec.options)
        assert (ACCOUNT, "us-east-1", ROLE) == (found.account, found.region, found.role_arn)
        assert (f"sagemaker-us-east-1-{ACCOUNT}", IMAGE, 86400) == (found.bucket, found.image, found.max_run)
        assert 2 == spec.resources.slots
        assert f"s3://sagemaker-us-east-1-{ACCOUNT}/jupyter-training/checkpoints" == spec.checkpoints.to

    def test_settling_again_changes_nothing_and_asks_nobody(self, house: House, known: Aws) -> None:
        once = house.settled(house.spec(options={"instances": 2, "tags": {"a": "b"}}))
        asked = list(known.asked)
        again = house.wishes.settled(once, house.pool(once))
        assert once == again
        assert once.hash == again.hash
        assert asked == known.asked

    def test_it_can_be_shown_as_it_was_written(self, house: House, known: Aws) -> None:
        said: dict[str, Any] = {"instance": "ml.m5.large", "image": IMAGE, "max_wait": "9h", "spot": True}
        spec = house.spec(SAVES, options=said, timeout=3600)
        assert said == house.wishes.written(house.settled(spec).options) == house.wishes.written(said)

    def test_a_path_in_ones_home_is_a_whole_one(
        self, house: House, known: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "rows.csv").write_text("a")
        settled = house.settled(house.spec(options={"inputs": {"train": "~/rows.csv"}}))
        monkeypatch.setenv("HOME", "/")  # of whoever uploads it
        assert {"train": str(tmp_path / "rows.csv")} == Settled.of(settled.options).local_inputs
        assert {"train": "~/rows.csv"} == house.wishes.written(settled.options)["inputs"]

    def test_torchrun_may_be_said_in_both_ways(self, house: House, known: Aws) -> None:
        assert "torchrun" == house.settled(house.spec(launcher="torchrun")).launcher
        assert "torchrun" == Settled.of(house.settled(house.spec(options={"launcher": "torchrun"})).options).launcher

    def test_a_time_limit_is_the_services_too(self, house: House, known: Aws) -> None:
        assert 91 == Settled.of(house.settled(house.spec(timeout=90.5)).options).max_run

    def test_a_place_for_checkpoints_of_ones_own(self, house: House, known: Aws) -> None:
        spec = house.settled(house.spec(checkpoints=CheckpointPolicy(to="s3://mine/kept")))
        assert "s3://mine/kept" == spec.checkpoints.to
        assert house.request(spec)["CheckpointConfig"]["S3Uri"].startswith("s3://mine/kept/")


def wish(**more: Any) -> dict[str, Any]:
    return more


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "secret parameter": (wish(params={"db_password": "x"}), "params.db_password", "it looks like a secret"),
    "secret variable": (
        wish(environment=EnvironmentWish(variables={"HF_TOKEN": "x"})), "environment.variables.HF_TOKEN", "a secret",
    ),
    "raw secret": (
        wish(options={"request": {"Environment": {"API_KEY": "x"}}}), "options.request.Environment.API_KEY", "a secret",
    ),
    "deep secret": (
        wish(params={"db": {"users": [{"password": "x"}]}}), "params.db.users.0.password", "it looks like a secret",
    ),
    "secret tag": (wish(tags={"api_key": "x"}), "tags.api_key", "it looks like a secret"),
    "URL with a password": (
        wish(environment=EnvironmentWish(variables={"DATABASE_URL": "postgres://ada:pw@host/d"})),
        "environment.variables.DATABASE_URL", "its URL has a password",
    ),
    "argument": (
        wish(entry=Entry(kind="script", path="train.py", args=("--epochs", "3", "--db-password", "hunter2"))),
        "entry.args", "--db-password looks like a secret, and everybody who may read the job's bucket",
    ),
    "argument with its value": (
        wish(entry=Entry(kind="script", path="train.py", args=("--api-key=sk-1",))), "entry.args", "--api-key looks",
    ),
    "argument of Hydra": (
        wish(entry=Entry(kind="script", path="train.py", args=("+db.password=x",))), "entry.args", "+db.password looks",
    ),
    "URL with a password as an argument": (
        wish(entry=Entry(kind="script", path="train.py", args=("--db", "postgres://u:hunter2@host/d"))),
        "entry.args", "the URL of argument 2 has a password",
    ),
    "our own channel": (
        wish(options={"request": {"InputDataConfig": [{"ChannelName": "jt_order", "InputMode": "Pipe"}]}}),
        "options.request.InputDataConfig.jt_order", "names that begin with jt_ are our own",
    ),
    "which attempt it is": (
        wish(options={"request": {"Environment": {"JUPYTER_TRAINING_JOB": "x"}}}),
        "options.request.Environment.JUPYTER_TRAINING_JOB", "it says to the code which attempt it is",
    ),
    "nobody's home": (
        wish(options={"inputs": {"train": "~nobody-is-called-so/x"}}), "options.inputs.train", "is not a whole path",
    ),
    "pass_env": (
        wish(environment=EnvironmentWish(pass_env=("WANDB_API_KEY",))),
        "environment.pass_env",
        "the values of WANDB_API_KEY would be readable to everybody who may describe the training job",
    ),
    "spot without checkpoints": (
        wish(options={"spot": True}), "options.spot", "without a checkpoint the code begins anew each time",
    ),
    "short wait": (
        wish(code=SAVES, options={"spot": True, "max_wait": "1h"}, timeout=7200),
        "options.max_wait",
        "3,600 s is less than the time limit of 7,200 s",
    ),
    "wait without spot": (wish(options={"max_wait": "1h"}), "options.max_wait", "only spare capacity is waited for"),
    "warm spot": (
        wish(code=SAVES, options={"spot": True, "keep_alive": 60}), "options.keep_alive", "can't be kept warm",
    ),
    "half a network": (wish(options={"subnets": "subnet-1"}), "options.subnets", "subnets need security_groups, too"),
    "isolated requirements": (
        wish(options={"isolated": True, "requirements": True}, others={"requirements.txt": b"x"}),
        "options.requirements", "without a network nothing can be installed",
    ),
    "isolated toolkit": (
        wish(options={"isolated": True, "launcher": "toolkit"}), "options.isolated", "which it can't without a network",
    ),
    "no requirements": (wish(options={"requirements": True}), "options.requirements", "no file requirements.txt"),
    "our channels": (wish(options={"inputs": {"jt_x": "s3://b/x"}}), "options.inputs.jt_x", "our own channels'"),
    "relative path": (wish(options={"inputs": {"a": "data/x"}}), "options.inputs.a", "'data/x' is not a whole path"),
    "no such path": (wish(options={"inputs": {"a": "/no/such"}}), "options.inputs.a", "there is nothing at /no/such"),
    "other storage": (wish(options={"inputs": {"a": "gs://b/x"}}), "options.inputs.a", "neither in S3 nor a path"),
    "two roles": (wish(options={"role": "A", "role_arn": ROLE}), "options.role", "it says 'A', and role_arn says"),
    "gpus": (wish(resources=Resources(gpus=1)), "resources.gpus", "is said by its type"),
    "slots": (wish(resources=Resources(slots=3)), "resources.slots", "a slot of ml.m5.large is a machine"),
    "grace": (wish(grace=300), "grace", "SageMaker ends a job 120 s after it asks"),
    "local checkpoints": (
        wish(checkpoints=CheckpointPolicy(to="/data/kept")), "checkpoints.to", "keeps its checkpoints in S3",
    ),
    "own name": (
        wish(options={"request": {"TrainingJobName": "fixed"}}), "options.request.TrainingJobName", "never there twice",
    ),
    "own tags": (wish(options={"request": {"Tags": []}}), "options.request.Tags", "say tags, and they are added"),
    "own checkpoints": (
        wish(options={"request": {"CheckpointConfig": {"S3Uri": "s3://b/x"}}}),
        "options.request.CheckpointConfig", "say checkpoints.to",
    ),
    "own results": (
        wish(options={"request": {"OutputDataConfig": {"S3OutputPath": "s3://b/x"}}}),
        "options.request.OutputDataConfig.S3OutputPath", "say bucket and prefix",
    ),
    "a cell for the toolkit": (
        wish(entry=Entry(kind="cell", path="train.py"), options={"launcher": "toolkit"}),
        "options.launcher", "the toolkit starts a script, and this is a cell",
    ),
    "arguments for the toolkit": (
        wish(entry=Entry(kind="script", path="train.py", args=("--x",)), options={"launcher": "toolkit"}),
        "options.launcher", "no other arguments",
    ),
    "values for the toolkit": (
        wish(data=(DataFile(name="X", kind="npy", sha256="ab" * 32, size=1),), options={"launcher": "toolkit"}),
        "options.launcher", "can't be given X",
    ),
    "a checkpoint for the toolkit": (
        wish(start=StartFrom(job=JOB, name="a", step=1, sha256="ab" * 32), options={"launcher": "toolkit"}),
        "options.launcher", "another job's checkpoint",
    ),
    "environment": (wish(environment=EnvironmentWish(kind="uv")), "environment.kind", "the image is the environment"),
    "launcher": (wish(launcher="mpi"), "launcher", "SageMaker starts code plainly or by torchrun, not by 'mpi'"),
    "two launchers": (
        wish(launcher="torchrun", options={"launcher": "toolkit"}),
        "options.launcher", "the toolkit starts the script itself, and launcher says torchrun",
    ),
    "no price": (
        wish(options={"max_cost": 5}), "options.max_cost", "nobody has said what ml.m5.large costs in us-east-1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_is_refused_with_its_key(case: str, house: House, aws: Aws) -> None:
    said, key, words = REFUSED[case]
    if case == "no price":
        aws.is_called_by(ASSUMED)
    said = dict(said)
    with pytest.raises(InvalidSpec) as refused:
        house.settled(house.spec(said.pop("code", b"print(1)"), **said))
    assert [key] == [one.key for one in refused.value.errors]
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "args", [("--tokenizer", "bert"), ("--max-tokens=3",), ("--pad-token", "<pad>"), ("--use-token", "--lr", "1"),
             ("--password=",), ("--token",), ("password", "reset"), ("s3://bucket/a:b",)],
)  # fmt: skip
def test_arguments_that_are_no_secrets(args: tuple[str, ...], house: House, known: Aws) -> None:
    assert house.settled(house.spec(entry=Entry(kind="script", path="train.py", args=args))).options


class TestLocal:
    """This machine has no options, and says so."""

    def test_an_option_is_refused(self, tmp_path: Path) -> None:
        local = registry.load("wishes", "local")(Settings(home=tmp_path))
        spec = JobSpec(name="a", entry=Entry(kind="script", path="a.py"), files=(), options={"instance": "ml.m5.large"})
        with pytest.raises(InvalidSpec, match="a job on this machine has no option 'instance'. Say which backend"):
            local.settled(spec, Pool("local", "local", 1))
        assert local.pool({}) is None

    def test_what_a_job_may_cost_elsewhere_is_nothing_here(self, tmp_path: Path) -> None:
        local = registry.load("wishes", "local")(Settings(home=tmp_path))
        spec = JobSpec(name="a", entry=Entry(kind="script", path="a.py"), files=(), cost_within=60.0)
        assert local.settled(spec, Pool("local", "local", 1)).cost_within is None

    def test_an_unknown_backend_is_told_which_there_are(self) -> None:
        with pytest.raises(UnknownPlugin, match="There is no backend 'slurm'; there is: local, sagemaker"):
            registry.load("wishes", "slurm")
