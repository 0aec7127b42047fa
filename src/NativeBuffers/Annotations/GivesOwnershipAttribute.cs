namespace NativeBuffers;

/// <summary>A result, or an <c>out</c> parameter, that belongs to the caller, which disposes it.</summary>
/// <remarks>
/// The rules of the package read this attribute. It changes nothing at run time. A ref struct that a method returns is given without it. Put
/// it on results of types on the heap: a method may also return an owner that the object keeps.
/// </remarks>
/// <example>
/// <code>
/// [return: GivesOwnership]
/// static NativeMemoryOwner&lt;byte&gt; Load(string path)
/// {
///     byte[] bytes = File.ReadAllBytes(path);
///     return NativeMemoryOwner&lt;byte&gt;.CreateFrom(bytes);
/// }
/// </code>
/// </example>
[AttributeUsage(AttributeTargets.ReturnValue | AttributeTargets.Parameter)]
public sealed class GivesOwnershipAttribute : Attribute;
