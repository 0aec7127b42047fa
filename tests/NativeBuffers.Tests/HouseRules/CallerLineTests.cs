using System.ComponentModel;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace NativeBuffers.Tests.HouseRules;

/// <summary>Members that the compiler tells the caller's line have a twin without it, for method groups: an editor shows one of the two.</summary>
public class CallerLineTests
{
    private static readonly (MethodBase Told, MethodBase Twin)[] s_twins =
    [
        .. from type in typeof(NativeAllocator).Assembly.GetExportedTypes()
           from told in Members(type)
           where told.GetParameters().Any(IsLine)
           from twin in Members(type)
           where twin != told && twin.Name == told.Name && twin.IsStatic == told.IsStatic && Signature(twin) == Signature(told)
           select (told, twin),
    ];

    [Fact]
    public void An_editor_shows_one_of_two_members_that_differ_by_the_line_only()
    {
        Assert.True(s_twins.Length >= 30);
        Assert.Empty(s_twins.Where(static pair => IsHidden(pair.Told) == IsHidden(pair.Twin)).Select(static pair => $"{pair.Told.DeclaringType}: {pair.Told}"));
    }

    [Fact]
    public void The_compiler_prefers_the_one_that_knows_the_line() =>
        Assert.All(s_twins, static pair => Assert.Equal(1, pair.Told.GetCustomAttribute<OverloadResolutionPriorityAttribute>()?.Priority));

    /// <remarks>Analyzers know it by that: see <see cref="CompileFail.DisposalRuleTests"/>.</remarks>
    [Fact]
    public void Every_type_that_can_be_disposed_has_one_Dispose_and_that_has_no_parameters() =>
        Assert.All(
            typeof(NativeAllocator).Assembly.GetExportedTypes().Where(
                static type => type is { IsValueType: true } && typeof(IDisposable).IsAssignableFrom(type)),
            static type => Assert.Empty(Assert.Single(type.GetMethods(), static method => method.Name == nameof(IDisposable.Dispose)).GetParameters()));

    private static IEnumerable<MethodBase> Members(Type type) =>
        type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .OfType<MethodBase>()
            .Where(static member => member.IsPublic || member.IsFamily || member.IsFamilyOrAssembly);

    private static string Signature(MethodBase member) =>
        $"{(member.IsGenericMethod ? member.GetGenericArguments().Length : 0)}: "
        + string.Join(
            ", ",
            member.GetParameters().Where(static parameter => !IsLine(parameter)).Select(static parameter => parameter.ParameterType.ToString()));

    private static bool IsLine(ParameterInfo parameter) =>
        parameter.IsDefined(typeof(CallerFilePathAttribute)) || parameter.IsDefined(typeof(CallerLineNumberAttribute));

    private static bool IsHidden(MethodBase member) =>
        member.GetCustomAttribute<EditorBrowsableAttribute>()?.State == EditorBrowsableState.Never;
}
