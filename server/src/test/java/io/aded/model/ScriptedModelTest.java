package io.aded.model;

class ScriptedModelTest extends TargetModelContract {
    @Override
    protected TargetModel open() {
        return new ScriptedModel(ScriptedModel.babble(5, 4));
    }

    @Override
    protected float tolerance() {
        return 0f;
    }
}
