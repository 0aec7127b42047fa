using FsCheck;
using FsCheck.Fluent;

namespace NativeBuffers.Tests.Arenas;

/// <summary>Random programs run on arenas and their scopes, and on lists of the expected elements.</summary>
[Slow]
[CorrectProgram]
public class ArenaModelTests
{
    [Theory]
    [InlineData(ArenaKind.Arena, false)]
    [InlineData(ArenaKind.Arena, true)]
    [InlineData(ArenaKind.Borrow, false)]
    [InlineData(ArenaKind.Borrow, true)]
    public void Scopes_hold_and_give_back_the_same_elements_as_lists(ArenaKind kind, bool isRecorded)
    {
        if (isRecorded)
        {
            Needs.BareBlocks();
        }

        Prop.ForAll(ArenaStep.Programs, program => new ArenaWorld(program, isRecorded).Run(kind))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(120));
    }

    [Fact]
    public void A_disagreement_would_be_seen() =>
        Assert.ThrowsAny<Exception>(
            static () => Prop.ForAll(ArenaStep.Programs, static program => new ArenaWorld(program, isRecorded: false) { IsWrong = true }.Run(ArenaKind.Arena))
                .Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(120)));
}
